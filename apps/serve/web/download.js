// SPDX-License-Identifier: MIT
/** What is seen, at the photo's full size, as a file. */
import {element} from "./dom.js";
import {paint} from "./paint.js";

const QUALITY = 0.92;      /* of a JPEG                                                 */
const LONG_SIDE = 1000;    /* pixels of a picture whose lines are as wide as a screen's */
const PATIENCE_MS = 60000; /* until the browser has surely read the file                */

const ENDINGS = {"image/png": "png", "image/jpeg": "jpg"};

export async function download(picture, name, faces, look, type) {
    const canvas = document.createElement("canvas");
    canvas.width = picture.width;
    canvas.height = picture.height;
    paint(canvas, picture, picture.width, faces, look, Math.max(1, Math.max(canvas.width, canvas.height) / LONG_SIDE), null);
    const file = await new Promise((resolve) => canvas.toBlob(resolve, type, QUALITY));
    if (!file) throw new Error(`${name}: ${canvas.width} x ${canvas.height} pixels are more than this browser can write`);
    const address = URL.createObjectURL(file);
    element("a", {href: address, download: `${name.replace(/\.[^.]*$/, "")}_faces.${ENDINGS[type]}`}).click();
    setTimeout(() => URL.revokeObjectURL(address), PATIENCE_MS);
}
