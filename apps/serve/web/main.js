// SPDX-License-Identifier: MIT
/**
 * The course of the page: photos come in, the server is asked once for everything that might be a face, and every change of a
 * slider is worked out here.
 */
import {candidates, models, upright} from "./api.js";
import {Camera} from "./camera.js";
import {certify} from "./certificate.js";
import {find, write} from "./dom.js";
import {download} from "./download.js";
import {chooseEngine} from "./engines.js";
import {makeFaceList} from "./faces.js";
import {takeFiles} from "./intake.js";
import {kept} from "./kept.js";
import {Photo} from "./photo.js";
import {beginAt, leastScore, settings, watchSettings} from "./settings.js";
import {say, warn} from "./speak.js";
import {clear, faceAt, showFaces, showPicture} from "./stage.js";
import {showStrip} from "./strip.js";
import {showTiming} from "./timing.js";
import {count} from "./words.js";

const photos = [];
let current = null, picture = null;   /* the photo on the stage, and its pixels when decoded   */
let engine = null;
let most = 0;                         /* faces of a photo, as the server has it                */
let working = null;                   /* stops the question that is being asked; null: none is */
let pointed = null, picked = null;    /* faces that are pointed out: for now, and to stay so   */
let rate = 0;                         /* pictures of the camera a second                       */

const camera = new Camera();
const list = makeFaceList(point, pick);

/* ---------------------------------------------------------------- what is seen */

let drawing = 0;

/** Once a frame, however often something changed. */
function draw() {
    drawing ||= requestAnimationFrame(() => {
        drawing = 0;
        drawNow();
    });
}

const facesOf = (photo, now) => (photo?.answer ? kept(photo.answer.faces, now.score, now.nms, most) : []);

function drawNow() {
    const now = settings(), faces = picture ? facesOf(current, now) : [];
    if (!faces.includes(pointed)) pointed = null;
    if (!faces.includes(picked)) picked = null;
    if (picture) showFaces(faces, now, pointed ?? picked);
    list.show(faces, picture, now, pointed ?? picked, picked);
    showStrip(photos, current, (photo) => facesOf(photo, now).length, show);
    showTiming(current?.answer, rate);
    find("download").disabled = !current?.answer || !picture;
    find("busy").hidden = !current || (current.answer !== null && picture !== null) || reason() !== "";
    if (current) tell(faces.length);
}

/* Why there is nothing to see. The server's word is the better one. */
const reason = () => current.failure || current.blind;

function tell(n) {
    const found = reason() ? "No faces to show" : current.answer && picture ? count(n, "face") : "Looking";
    write(find("count"), found);
    write(find("about"), picture ? `${current.name}, ${picture.width} × ${picture.height}` : current.name);
    find("canvas").setAttribute("aria-label", `${current.name}: ${found}`);
    say(`${found} in ${current.name}`);
}

function point(face) {
    pointed = face;
    draw();
}

function pick(face) {
    picked = face === picked ? null : face;
    draw();
}

/* ---------------------------------------------------------------- photos */

async function show(photo) {
    stopCamera();
    [current, picture] = [photo, null];
    photo.blind = ""; /* the server may have been full then */
    warn(reason());
    draw();
    work();
    const decoded = await photo.decode().catch((failure) => {
        photo.blind = failure.message;
        return null;
    });
    if (current !== photo) return decoded?.close();
    picture = decoded;
    if (picture) showPicture(picture);
    else clear();
    warn(reason());
    return draw();
}

const asServed = (file) => upright(engine, file);

function add(files) {
    const fresh = files.map((file) => new Photo(file, asServed));
    photos.push(...fresh);
    show(fresh[0]);
}

/** Asks for one photo after the other, first for the one that is looked at. */
async function work() {
    if (working || !engine) return;
    for (let photo = next(); photo; photo = next()) {
        working = new AbortController();
        try {
            photo.answer = await answerOf(photo.file, working.signal);
        } catch (failure) {
            if (failure.name === "AbortError") continue;
            photo.failure = failure.message;
            if (photo === current) warn(reason());
        }
        draw();
    }
    working = null;
}

const next = () => [current, ...photos].find((photo) => photo && photo.file && !photo.answer && !photo.failure);

async function answerOf(file, signal) {
    const before = performance.now();
    const answer = await candidates(engine, file, leastScore(), signal);
    return {...answer, trip_ms: performance.now() - before};
}

/* ---------------------------------------------------------------- camera */

let turns = 0; /* how often it was started: what waits for an answer may have been stopped, and another begun */

async function watch() {
    const turn = ++turns, goesOn = () => camera.on && turn === turns;
    let before = performance.now();
    while (goesOn()) {
        const shot = await camera.take();
        if (!goesOn()) return;
        const photo = new Photo(shot.file, asServed);
        photo.answer = await answerOf(shot.file);
        if (!goesOn()) return;
        const now = performance.now();
        rate = 1000 / (now - before);
        before = now;
        [current, picture] = [photo, shot.picture];
        showPicture(picture);
        drawNow();
    }
}

async function startCamera() {
    warn("");
    find("camera").setAttribute("aria-pressed", "true");
    write(find("camera"), "Stop camera");
    try {
        await camera.start(stopCamera);
        await watch();
    } catch (failure) {
        stopCamera();
        warn(failure.message);
    }
}

/** The last picture stays, as a photo like others. */
function stopCamera() {
    if (rate) photos.push(current);
    camera.stop();
    rate = 0;
    find("camera").setAttribute("aria-pressed", "false");
    write(find("camera"), "Camera");
}

/* ---------------------------------------------------------------- beginning */

function useEngine(chosen) {
    engine = chosen;
    working?.abort();
    for (const photo of new Set([...photos, ...(current ? [current] : [])])) photo.forget();
    warn("");
    draw();
    work();
    certify(engine).catch((failure) => warn(failure.message));
}

async function save() {
    const now = settings();
    try {
        await download(picture, current.name, facesOf(current, now), now, find("format").value);
    } catch (failure) {
        warn(failure.message);
    }
}

function watchCanvas() {
    find("canvas").addEventListener("pointermove", (event) => {
        const face = faceAt(event);
        find("canvas").classList.toggle("on-face", face !== null);
        point(face);
    });
    find("canvas").addEventListener("pointerleave", () => point(null));
    find("canvas").addEventListener("click", (event) => {
        const face = faceAt(event);
        if (!face) return;
        pick(face);
        list.focus(face);
    });
}

async function begin() {
    write(find("host"), location.host);
    watchSettings(draw);
    watchCanvas();
    takeFiles(add);
    find("camera").addEventListener("click", () => (camera.on ? stopCamera() : startCamera()));
    find("download").addEventListener("click", save);
    try {
        const served = await models();
        beginAt(served.defaults);
        most = served.defaults.max_faces;
        chooseEngine(served, useEngine);
    } catch (failure) {
        warn(failure.message);
    }
}

begin();
