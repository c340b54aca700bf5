// SPDX-License-Identifier: MIT
/** The server's routes that the page uses. What fails throws an Error with the sentence to show. */
import {askToken, authorization} from "./token.js";

const MOST = 5000;        /* what the engine takes into suppression at most */
const PATIENCE = 5;       /* times that a full server is asked again        */
const LEAST_WAIT_S = 0.2; /* also where the server names no time            */

const wait = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

async function send(path, options = {}) {
    const response = await fetch(path, {...options, headers: {...options.headers, ...authorization()}}).catch((failure) => {
        if (failure.name === "AbortError") throw failure;
        throw new Error(`No answer from ${location.host}: is fovea serve still running there?`);
    });
    if (response.status !== 401) return response;
    await askToken(await reasonOf(response));
    return send(path, options);
}

async function reasonOf(response) {
    const body = await response.json().catch(() => null);
    return body?.error ?? `${location.host} answered ${response.status} ${response.statusText}, without a reason`;
}

async function read(response) {
    if (response.ok) return response.json();
    throw new Error(await reasonOf(response));
}

const place = (engine) => `models/${encodeURIComponent(engine.name)}/versions/${encodeURIComponent(engine.version)}`;

/** {"default", "defaults", "models"}: the engines that are loaded, and the thresholds where a request names none. */
export async function models() {
    return read(await send("models"));
}

/** What an engine's precision costs; null where that was never measured. */
export async function certificate(engine) {
    const response = await send(`${place(engine)}/certificate`);
    return response.status === 404 ? null : read(response);
}

/* A server that is full is asked again when it says so. */
async function detect(engine, thresholds, options) {
    const query = new URLSearchParams({model: engine.name, version: engine.version, ...thresholds});
    for (let tries = 0;; tries++) {
        const response = await send(`detect?${query}`, {method: "POST", ...options});
        if (response.status !== 503 || tries === PATIENCE) return response;
        await wait(Math.max(LEAST_WAIT_S, Number(response.headers.get("Retry-After")) || 0));
    }
}

/**
 * Everything in a photo that might be a face, before thresholds and suppression: kept.js has the rest, so that sliders need no
 * server. @param photo a Blob. @param score the least that counts. @param signal to give up
 */
export async function candidates(engine, photo, score, signal) {
    return read(await detect(engine, {score, nms: 1, max_faces: MOST}, {body: photo, signal}));
}

/** A photo as the server sees it, upright, as a PNG: no score is above 1, so that no face is marked. */
export async function upright(engine, photo) {
    const response = await detect(engine, {score: 1}, {body: photo, headers: {Accept: "image/png"}});
    if (response.ok) return response.blob();
    throw new Error(await reasonOf(response));
}
