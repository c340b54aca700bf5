// SPDX-License-Identifier: MIT
/** The ways in: files that are opened, dropped or pasted. */
import {find} from "./dom.js";

/** @param taken given the files, at least one */
export function takeFiles(taken) {
    const give = (list) => {
        const files = [...(list ?? [])];
        if (files.length) taken(files);
        return files.length > 0;
    };
    const input = find("files");
    input.addEventListener("change", () => {
        give(input.files);
        input.value = ""; /* the same file may be opened again */
    });
    document.addEventListener("paste", (event) => {
        if (give(event.clipboardData?.files)) event.preventDefault();
    });
    takeDrops(give);
}

function takeDrops(give) {
    const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    const mark = (over) => document.body.classList.toggle("dropping", over);
    document.addEventListener("dragover", (event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        mark(true);
    });
    document.addEventListener("dragleave", (event) => {
        if (!event.relatedTarget) mark(false);
    });
    document.addEventListener("drop", (event) => {
        mark(false);
        if (!hasFiles(event)) return;
        event.preventDefault();
        give(event.dataTransfer.files);
    });
}
