// SPDX-License-Identifier: MIT
/** The canvas that is the page: fits the photo into the room there is, and tells which face the pointer is on. */
import {find} from "./dom.js";
import {paint} from "./paint.js";

const canvas = find("canvas"), stage = find("stage");

let picture = null, fullWidth = 0; /* what is shown                              */
let ready = null;                  /* the picture at the size of the canvas      */
let faces = [], look = null, lit = null;

/* Photos of any size are shrunk once, not whenever a slider moves. */
function fit() {
    if (!picture) return;
    const room = stage.getBoundingClientRect(), dense = window.devicePixelRatio || 1;
    const scale = Math.min(room.width / picture.width, room.height / picture.height);
    const width = Math.max(1, Math.floor(picture.width * scale)), height = Math.max(1, Math.floor(picture.height * scale));
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(width * dense);
    canvas.height = Math.round(height * dense);
    ready = document.createElement("canvas");
    ready.width = canvas.width;
    ready.height = canvas.height;
    const context = ready.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, 0, 0, ready.width, ready.height);
    draw();
}

function draw() {
    if (ready && look) paint(canvas, ready, fullWidth, faces, look, window.devicePixelRatio || 1, lit);
}

/** @param shown what a canvas can draw, at the photo's full size; becomes the stage's */
export function showPicture(shown) {
    picture?.close?.();
    picture = shown;
    fullWidth = shown.width;
    faces = [];
    lit = null;
    find("empty").hidden = true;
    canvas.hidden = false;
    document.documentElement.style.setProperty("--aspect", shown.width / shown.height);
    fit();
}

/** Nothing, where a photo cannot be shown. */
export function clear() {
    picture?.close?.();
    picture = ready = null;
    canvas.hidden = true;
}

export function showFaces(found, how, pointed) {
    [faces, look, lit] = [found, how, pointed];
    draw();
}

/** The smallest face at a place on the screen; null: none. */
export function faceAt(event) {
    const room = canvas.getBoundingClientRect(), scale = fullWidth / room.width;
    const x = (event.clientX - room.left) * scale, y = (event.clientY - room.top) * scale;
    const size = ({box}) => (box[2] - box[0]) * (box[3] - box[1]);
    const under = faces.filter(({box}) => x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3]);
    return under.length ? under.reduce((a, b) => (size(b) < size(a) ? b : a)) : null;
}

new ResizeObserver(fit).observe(stage);
