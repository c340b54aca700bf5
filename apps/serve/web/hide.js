// SPDX-License-Identifier: MIT
/**
 * Faces made unrecognisable. A face becomes a grid of a few colours, from which nothing else can be had back; "blur" only
 * fills the space between them more softly than "pixels".
 */

const GROWN = 1.25; /* of the box: ears, chin and hairline too */

/** Cells across a face, by the slider's 1 to 10. */
export const cellsAcross = (strength) => 24 - 2 * strength;

/** The ellipse that is hidden, in pixels of the photo. */
export function hiddenArea(face) {
    const [x1, y1, x2, y2] = face.box;
    return {x: (x1 + x2) / 2, y: (y1 + y2) / 2, rx: (GROWN * (x2 - x1)) / 2, ry: (GROWN * (y2 - y1)) / 2};
}

function gridOf(picture, x, y, width, height, columns) {
    const grid = document.createElement("canvas");
    grid.width = columns;
    grid.height = Math.max(1, Math.round((columns * height) / width));
    const context = grid.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, x, y, width, height, 0, 0, grid.width, grid.height);
    return grid;
}

/**
 * @param context of a canvas with `picture` in it, edge to edge
 * @param scale   pixels of the canvas for one of the photo
 * @param share   pixels of `picture` for one of the photo
 */
export function hideFace(context, picture, face, look, scale, share) {
    const {x, y, rx, ry} = hiddenArea(face);
    if (rx <= 0 || ry <= 0) return;
    const grid = gridOf(picture, (x - rx) * share, (y - ry) * share, 2 * rx * share, 2 * ry * share, cellsAcross(look.strength));
    context.save();
    context.beginPath();
    context.ellipse(x * scale, y * scale, rx * scale, ry * scale, 0, 0, 2 * Math.PI);
    context.clip();
    context.imageSmoothingEnabled = look.hide === "blur";
    context.imageSmoothingQuality = "high";
    context.drawImage(grid, (x - rx) * scale, (y - ry) * scale, 2 * rx * scale, 2 * ry * scale);
    context.restore();
}
