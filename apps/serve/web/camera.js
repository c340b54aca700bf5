// SPDX-License-Identifier: MIT
/** Pictures of the camera, one at a time: the next is taken when the last one's answer is in, so that nothing queues up. */

const LONG_SIDE = 1280; /* pixels; the network sees no more by default */
const QUALITY = 0.9;    /* of the JPEGs that are sent                  */

const SENTENCES = {
    NotAllowedError: "The browser was not allowed to use the camera: allow it for this page, then try again.",
    NotFoundError: "There is no camera here.",
    NotReadableError: "The camera is in use by another program: close that, then try again.",
};

/* Browsers hide cameras from pages that came over plain http from another machine. */
function devices() {
    if (navigator.mediaDevices?.getUserMedia) return navigator.mediaDevices;
    throw new Error(`Browsers give the camera to https pages and to localhost only, and this page is ${location.origin}: ` +
        "start fovea serve with a TLS certificate, or open the page on the machine that runs it.");
}

export class Camera {
    #stream = null;
    #video = document.createElement("video");

    get on() {
        return this.#stream !== null;
    }

    /** @param ended called when the camera is unplugged or taken away */
    async start(ended) {
        try {
            this.#stream = await devices().getUserMedia({video: {width: {ideal: LONG_SIDE}, facingMode: "user"}, audio: false});
        } catch (failure) {
            throw new Error(SENTENCES[failure.name] ?? failure.message);
        }
        this.#stream.getVideoTracks()[0].addEventListener("ended", ended);
        this.#video.muted = this.#video.playsInline = true;
        this.#video.srcObject = this.#stream;
        await this.#video.play();
    }

    stop() {
        this.#stream?.getTracks().forEach((track) => track.stop());
        this.#video.srcObject = this.#stream = null;
    }

    /** {picture, a canvas; file, the same as a JPEG}. Waits until the page is seen. */
    async take() {
        await new Promise(requestAnimationFrame);
        const {videoWidth: width, videoHeight: height} = this.#video;
        const scale = Math.min(1, LONG_SIDE / Math.max(width, height));
        const picture = document.createElement("canvas");
        picture.width = Math.round(width * scale);
        picture.height = Math.round(height * scale);
        picture.getContext("2d").drawImage(this.#video, 0, 0, picture.width, picture.height);
        const jpeg = await new Promise((resolve) => picture.toBlob(resolve, "image/jpeg", QUALITY));
        return {picture, file: new File([jpeg], "camera.jpg", {type: "image/jpeg"})};
    }
}
