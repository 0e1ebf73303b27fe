// A picture of the drawing and the models' answers, for the system's share sheet or as a download.

const CARD = { width: 1200, height: 630, pad: 60, side: 510 }; // pixels

function cardOf(strokes, models) {
  const card = Object.assign(document.createElement("canvas"), CARD);
  const context = card.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, CARD.width, CARD.height);
  context.strokeStyle = context.fillStyle = "#27272a";
  context.lineCap = context.lineJoin = "round";
  context.lineWidth = 2;
  context.strokeRect(CARD.pad, CARD.pad, CARD.side, CARD.side);
  const scale = CARD.side / props.canvas.size;
  context.lineWidth = 40 * scale;
  for (const stroke of strokes) {
    context.beginPath();
    for (const [x, y] of [...stroke, stroke[stroke.length - 1]]) {
      context.lineTo(CARD.pad + x * scale, CARD.pad + y * scale);
    }
    context.stroke();
  }
  models.forEach(({ model, predicted, percent }, row) => {
    const top = 190 + (row * 380) / models.length;
    context.font = "600 44px system-ui, sans-serif";
    context.fillText(model, 630, top);
    context.font = "700 88px system-ui, sans-serif";
    context.fillText(predicted, 900, top + 14);
    context.font = "400 34px system-ui, sans-serif";
    context.fillText(predicted === "?" ? "not a digit" : percent, 970, top);
  });
  context.font = "400 28px system-ui, sans-serif";
  context.fillText("digitnet: three networks read a digit", 630, CARD.height - CARD.pad);
  return new Promise((done) => card.toBlob(done));
}

async function share() {
  const models = preview?.models ?? props.value.models;
  const blob = await cardOf(drawn, models);
  const file = new File([blob], "my-digit.png", { type: "image/png" });
  if (navigator.canShare?.({ files: [file] })) {
    await navigator.share({ files: [file] }).catch(() => {}); // the visitor thought better of it
    return;
  }
  download(file, file.name);
}
