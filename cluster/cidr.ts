// Ranges of IPv4 addresses.

const range = (cidr: string): [first: number, last: number] => {
  const [address = "", length = "32"] = cidr.split("/");
  const size = 2 ** (32 - Number(length));
  const number = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const first = Math.floor(number / size) * size;
  return [first, first + size - 1];
};

export const overlap = (one: string, other: string): boolean => {
  const [first, last] = range(one);
  const [otherFirst, otherLast] = range(other);
  return first <= otherLast && otherFirst <= last;
};
