// SPDX-License-Identifier: MIT
/** A photo with its faces, on a canvas of any size: the stage and what is downloaded are the same picture. */
import {hideFace} from "./hide.js";
import {drawMarks} from "./marks.js";

/**
 * @param picture what a canvas can draw: the photo, or a smaller version of it
 * @param width   of the full photo, in whose pixels faces are told
 * @param unit    pixels of the canvas that are one of the screen's, for the width of lines
 * @param lit     the face to point out, or null
 */
export function paint(canvas, picture, width, faces, look, unit, lit) {
    const context = canvas.getContext("2d");
    const scale = canvas.width / width, share = picture.width / width;
    context.fillStyle = "#fff"; /* alpha lies over white, as it does for the network */
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    if (look.hide !== "off")
        for (const face of faces) hideFace(context, picture, face, look, scale, share);
    drawMarks(context, faces, look, scale, unit, lit);
}
