// The videos of a recording side by side; one that is converted first says how far it is.
import {askOf, pause, Refused} from "./api.js";
import {get, make} from "./dom.js";
import {clock, percent} from "./format.js";
import {isFilming} from "./player.js";

const POLL = 1000;
/** Milliseconds within which a window that is seen shows the first frame of a video that is loaded. */
const FIRST = 2000;

const loaded = video => new Promise(done => (video.readyState >= 2 ? done() : video.addEventListener("loadeddata", done, {once: true})));
const visible = () => new Promise(done => (document.hidden ? document.addEventListener("visibilitychange", done, {once: true}) : done()));

export class Cameras {
	constructor(work) {
		this.work = work;
		this.host = get("cameras");
		this.muted = false;
	}

	/** Show the cameras; return [{video, offset, behind}] once the first plays; null if another recording was opened. */
	async open(opened, ticket) {
		if (!("requestVideoFrameCallback" in HTMLVideoElement.prototype)) {
			this.#fail("This browser does not report which frame it shows: open the page in Chrome, Edge, Safari 15.4 or Firefox 132, or a later one.");
			return null;
		}
		const shown = await this.#shown(opened, ticket);
		if (shown !== false || ticket !== this.work.ticket) return shown;
		const again = await this.#shown({...opened, ...(await askOf(opened.id, "inexact?camera=0", {}))}, ticket);
		if (again === false) this.#fail("This browser shows the video at other times than the file says. Open the page in another one.");
		return again || null;
	}

	/** As `open`; false where the browser shows the first camera at times that are not the file's. */
	async #shown(opened, ticket) {
		const cameras = await this.#playable(opened, ticket);
		if (!cameras || ticket !== this.work.ticket) return null;
		const figures = cameras.map((camera, index) => this.#figure(camera, index, cameras.length));
		this.host.replaceChildren(...figures.map(one => one.figure));
		this.host.dataset.count = cameras.length;
		await this.#loaded(figures[0].video);
		const shown = figures.map(one => ({video: one.video, word: one.word, ...one.camera, behind: 0}));
		const clocks = figures.map(async (one, index) => {
			const time = await this.#firstTime(one);
			const behind = one.camera.begins - time;
			if (Math.abs(behind) <= opened.frame_s / 2) return true;
			shown[index].behind = behind;
			return time < opened.frame_s / 2;
		});
		const exact = await clocks[0];
		return ticket === this.work.ticket ? exact && shown : null;
	}

	/** When the browser says that it shows the first frame; else the file is believed. */
	async #firstTime({camera, video, first}) {
		return (await Promise.race([first, loaded(video).then(visible).then(() => pause(FIRST))])) ?? camera.begins;
	}

	close() {
		for (const video of this.host.querySelectorAll("video")) {
			video.pause();
			video.removeAttribute("src");
			video.load();
		}
		this.host.replaceChildren();
	}

	/** Darken the cameras that did not film what is shown, and say so. */
	darken(cameras, time) {
		for (const camera of cameras) {
			const {offset, begins, ends, word} = camera;
			const text = isFilming(camera, time) ? "" : time < offset + begins ? `begins at ${clock(offset + begins, 1)}` : `ended at ${clock(offset + ends, 1)}`;
			if (word.textContent !== text) word.textContent = text;
		}
	}

	mute(muted) {
		this.muted = muted;
		this.host.querySelectorAll("video").forEach((video, index) => (video.muted = muted || index > 0));
	}

	#figure(camera, index, count) {
		const video = make("video", {src: camera.url, preload: "auto", playsinline: true, disablepictureinpicture: true, "aria-label": `Camera ${camera.name}`});
		video.muted = this.muted || index > 0;
		if (camera.left_out) this.work.page.note(camera.left_out);
		video.style.aspectRatio = `${camera.width} / ${camera.height}`;
		video.addEventListener("click", () => this.work.moves.toggle());
		const word = make("p", {class: "word", text: "Loading…"});
		const first = new Promise(done => video.requestVideoFrameCallback((_, {mediaTime}) => done(mediaTime)));
		return {video, camera, word, first, figure: make("figure", {}, video, word, count > 1 ? make("figcaption", {text: camera.name}) : null)};
	}

	#loaded(video) {
		video.addEventListener("error", () => this.#fail("The browser cannot play this video."), {once: true});
		return loaded(video);
	}

	#fail(text) {
		this.work.flush();
		this.notice(make("p", {role: "alert", text}));
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

	notice(...inside) {
		this.host.replaceChildren(make("div", {class: "notice"}, ...inside));
	}

	#waiting(progress) {
		this.work.flush();
		const text = "The video is made playable for the browser, once; annotations can be looked at meanwhile.";
		this.notice(make("p", {text}), make("progress", {max: 1, value: String(progress), "aria-label": "Conversion"}), make("p", {text: percent(progress)}));
	}
}
