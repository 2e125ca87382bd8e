"""Philox 4x32-10 (Salmon et al. 2011), written for the golden files; checked against their known answer."""


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ k[1], p0 & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


assert philox((0, 0, 0, 0), (0, 0)) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]


class Counter:
    """The words of (seed, step, site, purpose) by row and group, as the ops draw them."""

    def __init__(self, purpose, seed=21, step=3, site=9):
        self.key, self.step, self.tag = (seed, 0), step, site << 8 | purpose

    def words(self, row, group=0):
        return philox((group, row, self.step, self.tag), self.key)
