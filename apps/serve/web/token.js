// SPDX-License-Identifier: MIT
/** The bearer token of servers that ask for one. Kept while the tab is open, and sent to this server only. */
import {find} from "./dom.js";

const KEY = "fovea-token";

const dialog = find("token");

/** Headers that every request carries. */
export function authorization() {
    const token = sessionStorage.getItem(KEY);
    return token ? {Authorization: `Bearer ${token}`} : {};
}

/** Ask for a token. @param sentence what the server said. Resolves when one was given; fails with the sentence where none was */
export function askToken(sentence) {
    find("token-why").textContent = sentence;
    if (!dialog.open) {
        dialog.returnValue = "";
        dialog.showModal();
    }
    return new Promise((resolve, reject) => {
        dialog.addEventListener("close", () => {
            if (dialog.returnValue !== "use") return reject(new Error(sentence));
            sessionStorage.setItem(KEY, find("token-text").value);
            return resolve();
        }, {once: true});
    });
}
