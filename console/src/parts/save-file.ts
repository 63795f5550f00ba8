/** Hands a file to whoever looks at the page. */
export function saveFile(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name.replace(/[^\w. -]+/g, '-');
  link.click();
  // The browser takes the content when the click is handled, which is before the next task.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}
