"""How fast something grows, from samples that jump and have gaps: the slope of Theil and Sen, the median of the slopes of
all pairs of samples. A third of them may be anything at all.

A process that was restarted begins anew, so only samples of the same life make a pair. What a life hands on to the
next one, through a file or another process, shows in the slope from life to life."""
import collections
import statistics

Sample = collections.namedtuple("Sample", "life at value")
Slope = collections.namedtuple("Slope", "within between level samples lives")  # per minute; None where nobody can say

POINTS = 240  # of a series at most: more make pairs, not knowledge
LEAST = 8  # samples of a life
LIVES = 4  # for a slope from life to life


def lives(samples, settle):
    """[[(at, value)]] of each life, without its first seconds, in which everybody grows."""
    by = collections.OrderedDict()
    for sample in samples:
        by.setdefault(sample.life, []).append((sample.at, sample.value))
    kept = [[point for point in points if point[0] >= points[0][0] + settle] for points in by.values()]
    return [points for points in kept if len(points) >= LEAST]


def thinned(points, most):
    """At most so many, each the median of its neighbours."""
    size = -(-len(points) // max(1, most))
    groups = [points[i:i + size] for i in range(0, len(points), size)]
    return [(statistics.fmean(at for at, _ in group), statistics.median(value for _, value in group)) for group in groups]


def pairs(points, nearest=1 / 12, farthest=1 / 3):
    """Slopes per minute. Of neighbours' the noise is most of it; of those that lie far apart a single step is, which is no
    leak: three of them are one. So pairs lie a twelfth to a third of the whole apart."""
    whole = points[-1][0] - points[0][0]
    return [(later - value) / (then - at) * 60 for i, (at, value) in enumerate(points) for then, later in points[i + 1:]
            if then > at and nearest * whole <= then - at <= farthest * whole]


def levels(found):
    """[(at, value)]: of each life the median of its beginning, as long of each as the shortest one lasted, because who lives
    longer has filled more of what it may keep. The last one may have been cut short: it says too little then."""
    spans = [points[-1][0] - points[0][0] for points in found]
    whole = [points for points, span in zip(found, spans) if span >= statistics.median(spans) / 2]
    age = min((points[-1][0] - points[0][0] for points in whole), default=0)
    return [(points[0][0], statistics.median(value for at, value in points if at <= points[0][0] + age)) for points in whole]


def latter(points, filling):
    """Without the first part of it."""
    begins = points[0][0] + (points[-1][0] - points[0][0]) * filling
    return [point for point in points if point[0] >= begins]


def lesser(slopes_of, filling):
    """The median slope of the whole, or without its first part: whichever is less. What is filled by and by is full at last,
    what leaks goes on, and few samples may rise by chance."""
    medians = [statistics.median(found) for found in (slopes_of(part) for part in {0.0, filling}) if found]
    return min(medians, default=None)


def slope(samples, settle=60.0, long=0.0, filling=0.0):
    """The Slope of [Sample], in the order of time. Lives that are not `long`, in seconds, are still filling what they may
    keep: they count from life to life only. What grows does so without the first part `filling` of it, too."""
    found = lives(samples, settle)
    count = sum(map(len, found))

    def within(part):
        # The longer a life, the more it says: each gets its share of points.
        return [one for points in found if points[-1][0] - points[0][0] >= long
                for one in pairs(thinned(latter(points, part), max(LEAST, POINTS * len(points) // count)))]

    def between(part):
        return pairs(latter(levels(found), part), 0, 1) if len(found) >= LIVES else []
    level = statistics.median(value for points in found for _, value in points) if found else None
    return Slope(lesser(within, filling), lesser(between, filling), level, count, len(found))
