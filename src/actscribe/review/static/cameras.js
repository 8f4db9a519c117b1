// The videos of a recording side by side; one that has to be converted first says how far that is.
import {askOf, pause, Refused} from "./api.js";
import {get, make} from "./dom.js";
import {percent} from "./format.js";

const POLL = 1000;

export class Cameras {
	constructor(work) {
		this.work = work;
		this.host = get("cameras");
		this.muted = false;
	}

	/** Show the cameras and return [{video, offset}] once the first can be played; null if another recording was opened. */
	async open(opened, ticket) {
		if (!("requestVideoFrameCallback" in HTMLVideoElement.prototype)) {
			this.#fail("This browser does not report which frame it shows: open the page in Chrome, Edge, Safari 15.4 or Firefox 132, or a later one.");
			return null;
		}
		const cameras = await this.#playable(opened, ticket);
		if (!cameras || ticket !== this.work.ticket) return null;
		const figures = cameras.map((camera, place) => this.#figure(camera, place, cameras.length));
		this.host.replaceChildren(...figures.map(one => one.figure));
		this.host.dataset.count = cameras.length;
		await this.#loaded(figures[0].video);
		return figures.map(({video, camera}) => ({video, offset: camera.offset}));
	}

	close() {
		for (const video of this.host.querySelectorAll("video")) {
			video.pause();
			video.removeAttribute("src");
			video.load();
		}
		this.host.replaceChildren();
	}

	mute(muted) {
		this.muted = muted;
		this.host.querySelectorAll("video").forEach((video, place) => (video.muted = muted || place > 0));
	}

	#figure(camera, place, count) {
		const video = make("video", {src: camera.url, preload: "auto", playsinline: true, disablepictureinpicture: true, "aria-label": `Camera ${camera.name}`});
		video.muted = this.muted || place > 0;
		if (camera.left_out) this.work.page.note(camera.left_out);
		video.style.aspectRatio = `${camera.width} / ${camera.height}`;
		video.addEventListener("click", () => this.work.playing.toggle());
		return {video, camera, figure: make("figure", {}, video, count > 1 ? make("figcaption", {text: camera.name}) : null)};
	}

	#loaded(video) {
		return new Promise(resolve => {
			if (video.readyState >= 2) resolve();
			video.addEventListener("loadeddata", resolve, {once: true});
			video.addEventListener("error", () => this.#fail("The browser cannot play this video."), {once: true});
		});
	}

	#fail(text) {
		this.work.flush();
		this.host.replaceChildren(make("p", {class: "notice", role: "alert", text}));
	}

	async #playable(opened, ticket) {
		let {cameras} = opened;
		while (cameras.some(one => one.plays === "converting")) {
			this.#waiting(cameras.find(one => one.plays === "converting").progress);
			await pause(POLL);
			if (ticket !== this.work.ticket) return null;
			try {
				cameras = (await askOf(opened.id, "cameras")).cameras;
			} catch (error) {
				if (!(error instanceof Refused)) continue;
				this.#fail(`${error.message} ${error.hint}`);
				return null;
			}
		}
		const broken = cameras.find(one => one.plays === "not");
		if (broken) this.#fail(`${broken.name} cannot be shown: ${broken.why}`);
		return broken ? null : cameras;
	}

	#waiting(progress) {
		this.work.flush();
		const text = "The video is made playable for the browser, once; annotations can be looked at meanwhile.";
		this.host.replaceChildren(make("div", {class: "notice"}, make("p", {text}), make("progress", {max: 1, value: String(progress), "aria-label": "Conversion"}), make("p", {text: percent(progress)})));
	}
}
