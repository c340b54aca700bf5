// SPDX-License-Identifier: MIT
/** The form of sliders and switches, and what they say. */
import {find, write} from "./dom.js";
import {cellsAcross} from "./hide.js";

const form = find("settings");

const checked = (name) => form.elements[name].checked;
const number = (name) => Number(form.elements[name].value);

/** Sliders begin where the server does. @param defaults of GET /models */
export function beginAt({score, nms}) {
    form.elements.score.min = Math.min(score, form.elements.score.min);
    form.elements.score.value = score;
    form.elements.nms.value = nms;
    tell();
}

/** The least score that the slider reaches: scores below are noise, and would be thousands. */
export const leastScore = () => Number(form.elements.score.min);

/** {score, nms; boxes, landmarks, scores: shown or not; hide: "off", "blur", "pixels"; strength} */
export function settings() {
    return {
        score: number("score"), nms: number("nms"), strength: number("strength"),
        boxes: checked("boxes"), landmarks: checked("landmarks"), scores: checked("scores"),
        hide: form.elements.hide.value,
    };
}

function tell() {
    const now = settings();
    write(find("score-value"), now.score.toFixed(2));
    write(find("nms-value"), now.nms.toFixed(2));
    write(find("strength-value"), `${cellsAcross(now.strength)} ${now.hide === "pixels" ? "pixels" : "spots"} across a face`);
    find("strength").setAttribute("aria-valuetext", find("strength-value").textContent);
    find("strength-row").hidden = now.hide === "off";
    form.elements.landmarks.disabled = now.hide !== "off";
}

export function watchSettings(changed) {
    tell();
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", () => {
        tell();
        changed();
    });
}
