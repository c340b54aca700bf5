// SPDX-License-Identifier: MIT
/** A photo that was handed in: its file, and what the server said of it. The pixels are decoded while it is shown only. */

const THUMB = 112; /* pixels of a side in the strip, on a screen of double density */

export class Photo {
    constructor(file) {
        this.file = file;
        this.name = file.name || "photo";
        this.blind = ""; /* why this browser cannot show it */
        this.forget();
    }

    /** Before another engine is asked. */
    forget() {
        this.answer = null; /* what candidates() gave, and "trip_ms" */
        this.failure = "";  /* why there is none                     */
    }

    /** Upright, as the faces are told. */
    async decode() {
        try {
            return await createImageBitmap(this.file, {imageOrientation: "from-image"});
        } catch {
            throw new Error(`${this.name}: this browser cannot show the picture; JPEG, PNG and WebP are sure`);
        }
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
