// Drawing on a canvas.
/** What draws on an empty canvas in CSS pixels, of which `ratio` make one of its own. */
export function wiped(canvas, ratio) {
	const pen = canvas.getContext("2d");
	pen.setTransform(ratio, 0, 0, ratio, 0, 0);
	pen.clearRect(0, 0, canvas.width, canvas.height);
	return pen;
}

export function box(pen, colour, x, y, width, height, alpha = 1) {
	pen.fillStyle = colour;
	pen.globalAlpha = alpha;
	pen.fillRect(x, y, width, height);
	pen.globalAlpha = 1;
}

export function fill(pen, colour, alpha = 1) {
	pen.fillStyle = colour;
	pen.globalAlpha = alpha;
	pen.fill();
	pen.globalAlpha = 1;
}

export function stroke(pen, colour, width, alpha = 1) {
	pen.strokeStyle = colour;
	pen.lineWidth = width;
	pen.globalAlpha = alpha;
	pen.stroke();
	pen.globalAlpha = 1;
}
