// SPDX-License-Identifier: MIT
/** A photo that was handed in: its file, and what the server said of it. The pixels are decoded while it is shown only. */

const THUMB = 112; /* pixels of a side in the strip, on a screen of double density */

/**
 * All browsers turn a JPEG upright as its camera says, but not a PNG or WebP: faces would be drawn, or hidden, beside the faces. The
 * blocks that say so are looked for by name; one that is found by accident costs a question to the server, no more.
 */
async function mayLie(file) {
    const start = await file.slice(0, 4).text(), block = start === "RIFF" ? "EXIF" : start.endsWith("PNG") ? "eXIf" : "";
    return block !== "" && new TextDecoder("latin1").decode(await file.arrayBuffer()).includes(block);
}

export class Photo {
    #upright;

    /** @param upright given the file, promises a picture of it as the server sees it */
    constructor(file, upright) {
        this.file = file;
        this.#upright = upright;
        this.name = file.name || "photo";
        this.blind = ""; /* why it cannot be shown */
        this.forget();
    }

    /** Before another engine is asked. */
    forget() {
        this.answer = null; /* what candidates() gave, and "trip_ms" */
        this.failure = "";  /* why there is none                     */
    }

    /** Upright, as the faces are told; by the server where the browser cannot. */
    async decode() {
        const own = (await mayLie(this.file)) ? null : await createImageBitmap(this.file).catch(() => null);
        return own ?? createImageBitmap(await this.#upright(this.file));
    }

    /** A small square of its middle, on `canvas`. */
    async drawThumb(canvas) {
        const picture = await this.decode();
        const side = Math.min(picture.width, picture.height);
        canvas.width = canvas.height = THUMB;
        const context = canvas.getContext("2d");
        context.imageSmoothingQuality = "high";
        context.drawImage(picture, (picture.width - side) / 2, (picture.height - side) / 2, side, side, 0, 0, THUMB, THUMB);
        picture.close();
    }
}
