// SPDX-License-Identifier: MIT
/** The photos that were handed in, to move between. One alone needs no strip. */
import {element, find, write} from "./dom.js";
import {rove, settle} from "./roving.js";
import {count} from "./words.js";

const strip = find("strip");
const entries = new Map();     /* photo -> its button and what is in it          */
let drawn = Promise.resolve(); /* thumbs one by one: a photo's pixels are many   */

function makeEntry(photo, chosen) {
    const thumb = element("canvas", {"aria-hidden": "true"}), badge = element("span", {class: "badge", "aria-hidden": "true"});
    const button = element("button", {type: "button", click: () => chosen(photo)}, thumb, badge);
    drawn = drawn.then(() => photo.drawThumb(thumb)).catch(() => button.classList.add("blank"));
    return {button, badge};
}

function tell(entry, photo, faces) {
    const found = photo.answer ? count(faces, "face") : photo.failure || "not looked at yet";
    write(entry.badge, photo.answer ? String(faces) : photo.failure ? "!" : "…");
    entry.button.setAttribute("aria-label", `${photo.name}: ${found}`);
}

/**
 * @param facesOf how many faces of a photo are shown at these thresholds
 * @param chosen  given the photo of a button that was pressed
 */
export function showStrip(photos, current, facesOf, chosen) {
    strip.hidden = photos.length < 2;
    if (strip.hidden) return;
    for (const photo of photos) {
        if (!entries.has(photo)) {
            entries.set(photo, makeEntry(photo, chosen));
            strip.append(entries.get(photo).button);
        }
        const entry = entries.get(photo);
        tell(entry, photo, photo.answer ? facesOf(photo) : 0);
        if (photo === current) entry.button.setAttribute("aria-current", "true");
        else entry.button.removeAttribute("aria-current");
    }
    settle(strip, entries.get(current)?.button);
}

rove(strip);
