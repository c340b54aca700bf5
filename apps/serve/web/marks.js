// SPDX-License-Identifier: MIT
/** Boxes, landmarks and scores, in the looks of fov_faces_draw(): a bright line on a wider dark one reads on any photo. */

const BOX = "#40ffa0", LIT = "#ffffff", HALO = "rgb(8 12 20 / .6)", PLATE = "rgb(12 16 26 / .78)";
const DOTS = ["#ff5454", "#56b0ff", "#ffd633", "#ff80ea", "#62f0f0"]; /* eyes, nose, corners of the mouth */
const LEAST_LABELLED = 22; /* sides of a face on the screen, below which a label would hide it and its neighbours */

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/* Lengths in pixels of the canvas. `unit` is what a CSS pixel is there. */
function styleOf(box, scale, unit) {
    const side = Math.sqrt((box[2] - box[0]) * (box[3] - box[1])) * scale;
    return {
        side,
        line: clamp(0.02 * side, 1.25 * unit, 2.5 * unit),
        dot: clamp(0.025 * side, 1 * unit, 3 * unit),
        text: clamp(0.13 * side, 10 * unit, 14 * unit),
        corner: 0.08 * side,
    };
}

function drawBox(context, box, scale, unit, style, lit) {
    const [x1, y1, x2, y2] = box.map((value) => value * scale);
    context.beginPath();
    context.roundRect(x1, y1, x2 - x1, y2 - y1, style.corner);
    context.strokeStyle = HALO;
    context.lineWidth = style.line + 2 * unit;
    context.stroke();
    context.strokeStyle = lit ? LIT : BOX;
    context.lineWidth = lit ? 1.6 * style.line : style.line;
    context.stroke();
}

function drawDots(context, landmarks, scale, style) {
    landmarks.forEach(([x, y], i) => {
        for (const [radius, colour] of [[1.5 * style.dot, HALO], [style.dot, DOTS[i]]]) {
            context.beginPath();
            context.arc(x * scale, y * scale, radius, 0, 2 * Math.PI);
            context.fillStyle = colour;
            context.fill();
        }
    });
}

/* Above the box if there is room, else inside its upper edge, and in any case inside the picture. */
function drawLabel(context, face, scale, style) {
    const text = face.score.toFixed(2), pad = 0.4 * style.text, height = style.text + pad, edge = style.line + 1;
    context.font = `600 ${style.text}px system-ui, sans-serif`;
    const width = context.measureText(text).width + 2 * pad;
    const above = face.box[1] * scale - edge - height;
    const x = clamp(face.box[0] * scale - edge / 2, 0, Math.max(0, context.canvas.width - width));
    const y = above < 0 ? Math.max(0, face.box[1] * scale + edge) : above;
    context.beginPath();
    context.roundRect(x, y, width, height, 0.3 * height);
    context.fillStyle = PLATE;
    context.fill();
    context.fillStyle = "#fff";
    context.textBaseline = "middle";
    context.fillText(text, x + pad, y + 0.54 * height);
}

/**
 * Worst first, so that the best lies on top; labels last, so that no line crosses a number. Hidden faces have no landmarks, which
 * would give their proportions away. @param lit the face to point out, or null
 */
export function drawMarks(context, faces, look, scale, unit, lit) {
    const behind = faces.filter((face) => face !== lit).reverse(), order = lit ? [...behind, lit] : behind;
    for (const face of order) {
        const style = styleOf(face.box, scale, unit);
        if (look.boxes || face === lit) drawBox(context, face.box, scale, unit, style, face === lit);
        if (look.landmarks && look.hide === "off") drawDots(context, face.landmarks, scale, style);
    }
    for (const face of look.scores ? order : []) {
        const style = styleOf(face.box, scale, unit);
        if (style.side >= LEAST_LABELLED * unit || face === lit) drawLabel(context, face, scale, style);
    }
}
