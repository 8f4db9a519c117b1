// Which frame of the video is shown, and how to come to any other. The clock is that frame's `mediaTime`.
import {Frames} from "./frames.js";

/**
 * Where in a frame's display interval to seek; the next one where the browser shows another frame. Firefox says the time
 * that was sought in place of the frame's, so the first is nearer to the frame's own than to the next one's.
 */
const SHARES = [0.4, 0.25, 0.75, 0.1, 0.9];
/** Milliseconds after a seek in which a frame must have come; in a hidden window none comes. */
const PATIENCE = 400;
/** Seconds by which another camera may run apart before it is moved. */
const DRIFT = 0.06;

/** Seconds on the file's clock; Firefox counts from the first frame, whenever that is shown. */
const timeOf = ({video, behind}) => video.currentTime + behind;
const seekTo = ({video, behind}, time) => (video.currentTime = Math.max(time - behind, 0));

/** Whether a camera was recording at a moment of the recording. */
export const isFilming = ({offset, begins, ends}, time) => time - offset >= begins - 1e-6 && time - offset < ends - 1e-6;

export const SPEEDS = [0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8];

export class Player {
	cameras = [];
	direction = 0;
	#wanted = null;
	#seeking = false;
	#stepping = 0;

	/** `shown(index)` hears of each frame on the screen, `changed()` of play, pause and speed. */
	constructor(shown, changed) {
		this.tell = shown;
		this.changed = changed;
		this.close();
	}

	close() {
		this.pause?.();
		this.cameras = [];
		this.frames = new Frames(new Float64Array(0), 0);
		this.index = 0;
		this.speed = 1;
		this.direction = 0;
		this.loop = null;
		this.#wanted = null;
	}

	/** Show cameras [{video, offset, begins, ends, behind}], of which the first one's frames are stepped through. */
	open(cameras, frames) {
		this.close();
		this.cameras = cameras;
		this.frames = frames;
		const {video, behind} = this.main;
		const isShown = () => video === this.main?.video;
		const follow = (_, {mediaTime}) => {
			if (!isShown()) return;
			if (!this.#seeking && !this.#stepping) this.#arrive(frames.nearest(mediaTime + behind));
			video.requestVideoFrameCallback(follow);
		};
		video.requestVideoFrameCallback(follow);
		video.addEventListener("ended", () => isShown() && this.#ended());
		video.addEventListener("pause", () => isShown() && this.#paused());
	}

	get main() {
		return this.cameras[0];
	}

	get offset() {
		return this.main?.offset ?? 0;
	}

	/** Seconds of the recording at which the frame shown begins. */
	get time() {
		return this.start(this.index);
	}

	get after() {
		return this.end(this.index);
	}

	get playing() {
		return this.direction !== 0;
	}

	/** The frame that is asked for, if it is not there yet. */
	get aim() {
		return this.#wanted ?? this.index;
	}

	/** When that frame begins: what a key that is pressed now means. */
	get aimTime() {
		return this.start(this.aim);
	}

	get aimEnd() {
		return this.end(this.aim);
	}

	start(index) {
		return this.frames.start(index) + this.offset;
	}

	end(index) {
		return this.frames.end(index) + this.offset;
	}

	at(time) {
		return this.frames.at(time - this.offset);
	}

	snap(time) {
		return this.start(this.frames.nearest(time - this.offset));
	}

	step(number) {
		this.pause();
		return this.toFrame(this.aim + number);
	}

	toTime(time) {
		return this.toFrame(this.at(time));
	}

	/** Show a frame; resolves once it, or one asked for later, is on the screen. */
	toFrame(index) {
		this.#wanted = this.frames.inside(index);
		return (this.settled = this.#seeking ? this.settled : this.#settle());
	}

	play(direction = 1) {
		if (!this.main) return;
		if (direction > 0 && this.index >= this.frames.count - 1) this.toFrame(0);
		this.#stop();
		this.direction = direction;
		if (direction < 0 || !this.#plays(this.speed)) this.#playBySteps();
		else this.#settle().then(() => this.direction > 0 && !this.#stepping && this.#playAll());
		this.changed();
	}

	pause() {
		if (!this.main || !this.direction) return;
		this.#stop();
		this.direction = 0;
		this.changed();
	}

	setSpeed(speed) {
		this.speed = speed;
		if (this.direction) this.play(this.direction);
		this.changed();
	}

	faster(by) {
		const index = SPEEDS.findIndex(one => one >= this.speed);
		this.setSpeed(SPEEDS[Math.min(Math.max(index + by, 0), SPEEDS.length - 1)]);
	}

	#plays(speed) {
		try {
			for (const {video} of this.cameras) video.playbackRate = speed;
			return true;
		} catch {
			return false;
		}
	}

	#playAll() {
		this.main.video.play().catch(() => this.pause());
		this.#hold();
	}

	#stop() {
		this.#stepping = 0;
		for (const {video} of this.cameras) video.pause();
	}

	/** Backwards, and at speeds the browser has not: one frame after another, as fast as they come. */
	#playBySteps() {
		let last = performance.now();
		let moment = this.start(this.aim);
		const own = (this.#stepping = Math.random());
		const tick = now => {
			if (own !== this.#stepping) return;
			moment += ((now - last) / 1000) * this.speed * this.direction;
			last = now;
			const index = this.at(moment);
			if (!this.#seeking && index !== this.index) this.toFrame(index);
			if (this.#looped(moment)) moment = this.loop.start;
			if (this.direction < 0 ? moment <= this.start(0) : index >= this.frames.count - 1) {
				this.toFrame(index);
				this.pause();
			} else requestAnimationFrame(tick);
		};
		requestAnimationFrame(tick);
	}

	#arrive(index) {
		this.index = index;
		if (this.direction > 0 && this.#looped(this.after)) this.toTime(this.loop.start).then(() => this.direction > 0 && this.#playAll());
		else if (this.direction > 0 && !this.#stepping) this.#hold();
		this.tell(index);
	}

	#looped(moment) {
		return this.loop && moment > this.loop.end + 1e-6;
	}

	/** Keep the other cameras with the first, as long as they were recording. */
	#hold() {
		const time = timeOf(this.main) + this.offset;
		for (const camera of this.cameras.slice(1)) {
			if (!isFilming(camera, time)) {
				camera.video.pause();
				continue;
			}
			if (Math.abs(timeOf(camera) - time + camera.offset) > DRIFT) seekTo(camera, time - camera.offset);
			if (camera.video.paused) camera.video.play().catch(() => {});
		}
	}

	#ended() {
		if (this.loop && this.direction > 0) this.toTime(this.loop.start).then(() => this.#playAll());
		else this.pause();
	}

	/** The browser stopped by itself, as when another program wants the sound. */
	#paused() {
		if (this.direction > 0 && !this.#stepping && !this.#seeking && !this.main.video.ended && !this.loop && this.main.video.paused) this.pause();
	}

	async #settle() {
		if (this.#seeking || !this.main) return;
		this.#seeking = true;
		while (this.#wanted !== null) {
			const wanted = this.#wanted;
			for (const share of SHARES) {
				const [start, end] = [this.frames.start(wanted), this.frames.end(wanted)];
				const shown = await this.#seek(start + share * (end - start), wanted);
				this.index = shown;
				if (shown === wanted || this.#wanted !== wanted) break;
			}
			if (this.#wanted === wanted) this.#wanted = null;
			this.tell(this.index);
		}
		this.#seeking = false;
	}

	/** Seek and return the number of the frame that the browser then shows. */
	#seek(time, wanted) {
		const {main, frames} = this;
		const {video, behind} = main;
		return new Promise(resolve => {
			let [sought, timer] = [false, 0];
			const finish = index => {
				clearTimeout(timer);
				video.removeEventListener("seeked", onSeeked);
				resolve(index);
			};
			const onFrame = (_, {mediaTime}) => {
				if (timer === null) return;
				const shown = frames.nearest(mediaTime + behind);
				if (shown === wanted || sought) finish(shown);
				else video.requestVideoFrameCallback(onFrame);
			};
			// No frame comes while it loads; what came before the seek ended may be the one before.
			const late = () => (video.readyState < 2 && !document.hidden ? wait() : finish(frames.at(timeOf(main))));
			const wait = () => (timer = setTimeout(late, PATIENCE));
			const onSeeked = () => {
				sought = true;
				wait();
			};
			video.addEventListener("seeked", onSeeked);
			video.requestVideoFrameCallback(onFrame);
			seekTo(main, time);
			for (const other of this.cameras.slice(1)) seekTo(other, time + this.offset - other.offset);
		});
	}
}
