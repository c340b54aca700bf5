// SPDX-License-Identifier: MIT
/** What the loaded engine's precision costs: a line in the panel, and the whole certificate behind it. */
import {certificate as ask} from "./api.js";
import {consideredSection, factSections, noiseSection, shareSection, stayedSection} from "./certificate_tables.js";
import {verdictOf} from "./certificate_words.js";
import {element, find, write} from "./dom.js";
import {brief, percent, precisionName} from "./words.js";

const NONE = "No certificate: nobody measured what this engine’s precision costs. fovea build makes engines that have one.";

const dialog = find("certificate");

function tile(value, words) {
    return element("div", {class: "tile"}, element("b", {}, value), element("span", {}, words));
}

function tiles(measured) {
    if (!measured?.agreement) return "";
    return element("div", {class: "tiles"},
        tile(`${brief(100 * measured.agreement.loss)}`, "points of average precision lost"),
        tile(percent(measured.agreement.recall), "of FP32’s faces found"),
        tile(brief(measured.drift.score_mean), "mean change of a score"),
        tile(`${brief(measured.drift.landmark_px_mean)} px`, "mean shift of a landmark"));
}

function notes(list) {
    return list?.length ? element("ul", {class: "notes"}, ...list.map((note) => element("li", {}, note))) : "";
}

function show(certificate, engine) {
    write(find("certificate-title"), `Certificate of ${engine.name}, ${precisionName(engine.precision)}`);
    find("certificate-body").replaceChildren(
        element("p", {class: "verdict"}, verdictOf(certificate)), notes(certificate.notes), tiles(certificate.measured),
        shareSection(certificate.share), consideredSection(certificate.considered), noiseSection(certificate.measured),
        ...factSections(certificate), stayedSection(certificate.stayed_higher));
}

let wanted = null; /* whose answer is waited for: another may have been chosen since */

/** Ask for an engine's certificate and show its verdict. */
export async function certify(engine) {
    wanted = engine;
    write(find("cost"), "");
    find("certify").hidden = true;
    const certificate = await ask(engine);
    if (wanted !== engine) return;
    const there = certificate !== null && Object.keys(certificate).length > 0;
    write(find("cost"), there ? verdictOf(certificate) : NONE);
    find("certify").hidden = !there;
    if (there) show(certificate, engine);
}

find("certify").addEventListener("click", () => dialog.showModal());
dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); /* outside of its content */
});
