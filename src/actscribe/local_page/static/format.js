// Times as people read and type them.
export function clock(seconds, digits = 2) {
	const scale = 10 ** digits;
	const ticks = Math.round(Math.max(seconds, 0) * scale);
	const whole = Math.floor(ticks / scale);
	const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
	const rest = String(whole % 60).padStart(2, "0") + (digits ? "." + String(ticks % scale).padStart(digits, "0") : "");
	return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

export const fromTo = ({start, end}) => `${clock(start)} to ${clock(end)}`;

/** Seconds of "12.3", "1:02.5" or "1:00:02"; NaN for anything else. */
export function seconds(text) {
	if (!/^\s*\d+(:\d{1,2}){0,2}(\.\d*)?\s*$/.test(text)) return NaN;
	return text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}

export function lasting(duration) {
	if (duration < 60) return `${duration.toFixed(duration && duration < 10 ? 1 : 0)}\u202fs`;
	const minutes = Number((duration / 60).toFixed(duration < 570 ? 1 : 0));
	return minutes < 60 ? `${minutes}\u202fmin` : `${Math.floor(minutes / 60)}\u202fh ${minutes % 60}\u202fmin`;
}

export const capital = text => text[0].toUpperCase() + text.slice(1);

export const percent = share => `${Math.floor(100 * share + 1e-9)}\u202f%`;

export const whole = number => number.toLocaleString("en");

export const count = (number, one, more = `${one}s`) => `${whole(number)} ${number === 1 ? one : more}`;
