// The images of a registry's repositories: which digests there are, since when, and which tags point at them.

export interface StoredImage {
  digest: string;
  /** In the order in which they were set. A tag points at one image of its repository. */
  tags: Set<string>;
  /** When the digest first came, milliseconds since the epoch; a tag that moves changes nothing of it. */
  pushedAt: number;
  sizeBytes: number;
  /** Of the manifest, for example `application/vnd.oci.image.manifest.v1+json`. */
  mediaType: string;
  /** Of the configuration that the manifest names; a list of images has none. */
  artifactMediaType?: string;
}

export type PushedImage = Omit<StoredImage, "tags"> & { tag?: string };

/** What was taken away: an image's tag, or an image that had none. */
export interface RemovedImage {
  image: StoredImage;
  tag?: string;
}

export class Images {
  readonly #repositories = new Map<string, Map<string, StoredImage>>();

  /** By digest; undefined: there is no such repository. */
  of(repository: string): ReadonlyMap<string, StoredImage> | undefined {
    return this.#repositories.get(repository);
  }

  /** @param reference a digest or a tag */
  find(repository: string, reference: string): StoredImage | undefined {
    const images = this.#repositories.get(repository);
    return images?.get(reference) ?? [...(images?.values() ?? [])].find(({ tags }) => tags.has(reference));
  }

  /** The repository comes into being with its first image. */
  push(repository: string, { tag, ...pushed }: PushedImage): StoredImage {
    const images = this.#repositories.get(repository) ?? new Map<string, StoredImage>();
    this.#repositories.set(repository, images);
    const image = images.get(pushed.digest) ?? { ...pushed, tags: new Set<string>() };
    images.set(pushed.digest, image);
    if (tag !== undefined) {
      for (const other of images.values()) other.tags.delete(tag);
      image.tags.add(tag);
    }
    return image;
  }

  /** A digest goes with all its tags, a tag alone; with its last tag the image goes too. Empty: nothing was there. */
  remove(repository: string, reference: string): RemovedImage[] {
    const image = this.find(repository, reference);
    if (image === undefined) return [];
    const gone = reference === image.digest ? [...image.tags] : [reference];
    for (const tag of gone) image.tags.delete(tag);
    if (image.tags.size === 0) this.#repositories.get(repository)?.delete(image.digest);
    return gone.length === 0 ? [{ image }] : gone.map((tag) => ({ image, tag }));
  }
}
