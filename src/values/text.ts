import type { PageSize } from './page-size';

/** Made once: each toLocaleString would make its own. */
const WITH_COMMAS = new Intl.NumberFormat('en-US');

/** `3,296 MiB`. */
export function mebibytes(count: number): string {
  return `${WITH_COMMAS.format(Math.floor(count))} MiB`;
}

/** `1 page of 1 GiB`. */
export function pages(count: number, size: PageSize): string {
  return `${WITH_COMMAS.format(count)} ${count === 1 ? 'page' : 'pages'} of ${size}`;
}

/** `1 queue`, `2 queues`. */
export function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/** A profile's source in a message's brackets: the file, or what stands for it. */
export function fileOf(source: string): string {
  const text = source.replace(/ \([^()]*\)$/, '').replace(/^\((.*)\)$/, '$1');
  return text === '' ? 'hardware profile' : text;
}
