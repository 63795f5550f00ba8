/** Text that is HTML already, so that everything else is escaped where it is put in. */
export interface Html {
  readonly html: string;
}

type Content = Html | string | number | null | readonly Content[];

/** A template whose parts are escaped unless they are Html themselves: the one place where text becomes markup. */
export function html(strings: TemplateStringsArray, ...parts: readonly Content[]): Html {
  return { html: strings.map((text, index) => text + rendered(parts[index] ?? null)).join('') };
}

function rendered(content: Content): string {
  if (content === null) return '';
  if (typeof content === 'string' || typeof content === 'number') return escaped(String(content));
  return 'html' in content ? content.html : content.map(rendered).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
