// Playing, stepping and looping, as a person asks for them.
export class Playing {
	constructor(work) {
		this.work = work;
	}

	step(frames) {
		const {player, timeline} = this.work;
		player.step(frames);
		timeline.follow(player.aimTime, false);
		this.work.note();
	}

	skip(seconds) {
		this.work.goTo(this.work.player.aimTime + seconds);
	}

	toggle() {
		const {player} = this.work;
		if (player.playing) player.pause();
		else player.play(1);
	}

	shuttle(direction) {
		const {player} = this.work;
		if (player.direction === direction) player.faster(1);
		else {
			if (player.speed < 1 || player.playing) player.speed = 1;
			player.play(direction);
		}
	}

	loop() {
		const {player, chosen} = this.work;
		player.loop = player.loop ? null : chosen && {start: chosen.start, end: chosen.end};
		if (player.loop) this.work.goTo(player.loop.start).then(() => player.loop && player.play(1));
		this.work.say(player.loop ? "Looping the bout." : chosen ? "No longer looping." : "Choose a bout first.");
		this.work.toolbars.update();
	}
}
