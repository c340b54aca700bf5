// SPDX-License-Identifier: MIT
/** A small picture of a face for the list. It is drawn when it comes into sight: crowds have hundreds. */
import {element} from "./dom.js";

const SIDE = 40;  /* pixels                                       */
const ROOM = 1.3; /* of the face's longer side: hair and chin too */

const thumbs = new WeakMap(); /* canvas -> its Thumb */

const sight = new IntersectionObserver((seen) => {
    for (const {target, isIntersecting} of seen) thumbs.get(target).see(isIntersecting);
});

export class Thumb {
    #picture = null;
    #box = null;
    #inSight = false;
    #stale = false;

    constructor() {
        this.canvas = element("canvas", {width: SIDE, height: SIDE, "aria-hidden": "true"});
        thumbs.set(this.canvas, this);
        sight.observe(this.canvas);
    }

    /** @param picture the photo in full; null: forget it */
    show(picture, box) {
        if (this.#picture === picture && this.#box === box) return;
        [this.#picture, this.#box, this.#stale] = [picture, box, picture !== null];
        this.#draw();
    }

    see(inSight) {
        this.#inSight = inSight;
        this.#draw();
    }

    /* A square around the face, as much of it as lies in the photo. */
    #draw() {
        if (!this.#inSight || !this.#stale) return;
        const [x1, y1, x2, y2] = this.#box, side = ROOM * Math.max(x2 - x1, y2 - y1), context = this.canvas.getContext("2d");
        context.clearRect(0, 0, SIDE, SIDE);
        context.imageSmoothingQuality = "high";
        context.drawImage(this.#picture, (x1 + x2 - side) / 2, (y1 + y2 - side) / 2, side, side, 0, 0, SIDE, SIDE);
        this.#stale = false;
    }
}
