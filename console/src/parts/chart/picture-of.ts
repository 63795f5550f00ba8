const TITLE_PX = 40;

/** A chart as a PNG of its own: with its title, on the page's background. */
export async function pictureOf(chart: HTMLCanvasElement, title: string): Promise<Blob> {
  const picture = document.createElement('canvas');
  const scale = window.devicePixelRatio;
  picture.width = chart.width;
  picture.height = chart.height + TITLE_PX * scale;
  const context = picture.getContext('2d');
  if (context === null) throw new Error('this browser draws no pictures');
  const { backgroundColor, color, fontFamily } = getComputedStyle(document.body);
  context.fillStyle = backgroundColor;
  context.fillRect(0, 0, picture.width, picture.height);
  context.fillStyle = color;
  context.font = `600 ${16 * scale}px ${fontFamily}`;
  context.fillText(title, 12 * scale, 26 * scale);
  context.drawImage(chart, 0, TITLE_PX * scale);
  return new Promise((resolve, reject) => {
    picture.toBlob((blob) => (blob === null ? reject(new Error('the picture is empty')) : resolve(blob)));
  });
}
