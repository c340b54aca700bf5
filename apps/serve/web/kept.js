// SPDX-License-Identifier: MIT
/** Which candidates are faces at the thresholds of the sliders: the engine's own rule, of src/face/suppress.c. */

const area = (box) => (box[2] - box[0]) * (box[3] - box[1]);

/** Is the IoU of the two boxes above `iou`? */
function overlaps(a, b, iou) {
    const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
    const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
    if (width <= 0 || height <= 0) return false;
    const both = width * height;
    return both > iou * (area(a) + area(b) - both);
}

/** @param candidates best first, as the server gives them. @param most faces */
export function kept(candidates, score, iou, most) {
    const faces = [];
    for (const candidate of candidates) {
        if (candidate.score <= score || faces.length === most) break;
        if (!faces.some((face) => overlaps(candidate.box, face.box, iou))) faces.push(candidate);
    }
    return faces;
}
