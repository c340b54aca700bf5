// SPDX-License-Identifier: MIT
/** What the entries of a certificate are called, in which unit they are told, and what they mean (docs/compare.md). */
import {brief, percent, precisionName} from "./words.js";

const whole = (value) => brief(value);
const points = (value) => `${brief(100 * value)} points`;
const pixels = (value) => `${brief(value)} px`;
const ofFace = (value) => `${percent(value)} of the face’s size`;
const text = (value) => (value === null || value === "" ? "–" : String(value));
const yes = (value) => (value ? "yes" : "no");

/** {title, about, rows: [[key, what it is called, how it is told, what it means]]} */
export const GROUPS = [
    {
        title: "Faces",
        about: "On photos that nobody labelled: what FP32 finds is the truth. A face is found when it scores above 0.5.",
        rows: [
            ["measured.photos", "Photos measured on", whole, ""],
            ["measured.failed", "Photos left out", whole, "They could not be loaded, or were too large."],
            ["measured.faces.a", "Faces that FP32 finds", whole, ""],
            ["measured.faces.b", "Faces that this engine finds", whole, ""],
            ["measured.faces.matched", "Found by both", whole, "The boxes overlap by half or more."],
            ["measured.faces.lost", "Missed", whole, "FP32 shows them, this engine does not."],
            ["measured.faces.gained", "Shown in addition", whole, "This engine shows them, FP32 does not."],
            ["measured.agreement.loss", "Loss", points, "Of FP32’s expected average precision; 100 points would be all of it."],
            ["measured.agreement.recall", "Recall", percent, "Of FP32’s faces, those found here."],
            ["measured.agreement.precision", "Precision", percent, "Of the faces found here, those that FP32 finds."],
            ["measured.agreement.mean_iou", "Mean overlap", percent, "Of the boxes of a face that both find (IoU)."],
            ["measured.agreement.truth", "Expected faces", whole, "The sum of all of FP32’s scores."],
        ],
    },
    {
        title: "How far answers move",
        about: "For faces that both find. The mean is over faces, the largest a single difference.",
        rows: [
            ["measured.drift.pairs", "Faces compared", whole, ""],
            ["measured.drift.score_mean", "Score, mean", whole, "Scores lie between 0 and 1."],
            ["measured.drift.score_max", "Score, largest", whole, ""],
            ["measured.drift.score_bias", "Score, bias", whole, "The mean with its sign: below 0, this engine is less sure."],
            ["measured.drift.landmark_px_mean", "Landmarks, mean", pixels, "Pixels of the photo."],
            ["measured.drift.landmark_px_max", "Landmarks, largest", pixels, ""],
            ["measured.drift.landmark_mean", "Landmarks, mean", ofFace, ""],
            ["measured.drift.landmark_max", "Landmarks, largest", ofFace, ""],
            ["measured.drift.box_px_mean", "Edges of boxes, mean", pixels, "Pixels of the photo."],
            ["measured.drift.box_px_max", "Edges of boxes, largest", pixels, ""],
            ["measured.drift.box_mean", "Edges of boxes, mean", ofFace, ""],
            ["measured.drift.box_max", "Edges of boxes, largest", ofFace, ""],
        ],
    },
    {
        title: "What it was made of",
        about: "",
        rows: [
            ["source.name", "Weights", text, ""],
            ["source.format", "Format of the weights", text, ""],
            ["source.family", "Network", text, ""],
            ["precision", "Precision", precisionName, ""],
            ["options.precision", "Precision asked for", precisionName, ""],
            ["options.max_loss", "Loss allowed", points, "For mixed and auto, which choose by it."],
            ["options.repair", "Weights repaired for FP16", yes, ""],
            ["calibration.method", "Ranges of 8 bits by", text, ""],
            ["calibration.photos", "Photos calibrated on", whole, ""],
            ["calibration.digest", "Digest of these photos", text, "The same photos have the same digest."],
            ["calibration.symmetric", "Symmetric ranges", yes, ""],
            ["calibration", "Calibration", text, "Needed for 8 bits only."],
            ["measured.a.precision", "Measured against", precisionName, ""],
            ["measured.b.precision", "Measured as", precisionName, ""],
            ["measured.layers_a", "Layers compared with", whole, "In FP32."],
            ["measured.layers_b", "Layers of this engine", whole, ""],
            ["fovea", "Made by release", text, "Of Fovea."],
            ["certificate", "Version of the certificate", whole, ""],
        ],
    },
];

/** Lists with a place of their own, and entries that say nothing here: A and B are called by what they are. */
export const ELSEWHERE = [
    "notes", "share", "considered", "stayed_higher", "measured.heads", "measured.layers", "measured.verdict", "measured.a.name",
    "measured.b.name",
];

/** The finding in a sentence; "" where nothing was measured. */
export function verdictOf(certificate) {
    const m = certificate.measured;
    if (!m?.faces || !m.agreement) return certificate.verdict ?? "";
    return `Finds ${m.faces.matched} of the ${m.faces.a} faces that FP32 finds, shows ${m.faces.gained} that FP32 does not, and loses ` +
        `${points(m.agreement.loss)} of its average precision.`;
}
