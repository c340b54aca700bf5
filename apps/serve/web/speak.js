// SPDX-License-Identifier: MIT
/** What is told to those who do not see the page, and failures, which are told to all. */
import {find, write} from "./dom.js";

const QUIET_MS = 500; /* a slider that moves, or a camera, is not spoken over */

let timer = 0, waiting = "";

/** Polite, and only the last of what comes in quick succession. */
export function say(sentence) {
    if (sentence === waiting) return;
    waiting = sentence;
    clearTimeout(timer);
    timer = setTimeout(() => write(find("status"), sentence), QUIET_MS);
}

export function warn(sentence) {
    write(find("sentence"), sentence);
    find("alert").hidden = !sentence;
}

find("dismiss").addEventListener("click", () => warn(""));
