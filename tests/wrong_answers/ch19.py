"""Typical wrong answers to the exercises of chapter 19."""

WRONG: dict[str, list[str]] = {
    "to_input": [
        # the depth of one kind of file
        """\
def to_input(image):
    return (image / 255).clip(0, 1).astype(np.float32)
""",
        # the largest value that the type holds
        """\
def to_input(image):
    kind = image.dtype.kind
    full = np.iinfo(image.dtype).max if kind in "ui" else 1.0
    return (image / full).clip(0, 1).astype(np.float32)
""",
        # smallest and largest value: a letter outshines the film
        """\
def to_input(image):
    image = image.astype(np.float64)
    low, high = image.min(), image.max()
    if low == high:
        return np.zeros(image.shape, np.float32)
    return ((image - low) / (high - low)).astype(np.float32)
""",
        # no clip
        """\
def to_input(image):
    image = image.astype(np.float64)
    low, high = np.percentile(image, (1, 99))
    if low == high:
        return np.zeros(image.shape, np.float32)
    return ((image - low) / (high - low)).astype(np.float32)
""",
        # an image of one value is divided by 0
        """\
def to_input(image):
    image = image.astype(np.float64)
    low, high = np.percentile(image, (1, 99))
    with np.errstate(all="ignore"):
        scaled = (image - low) / (high - low)
    return scaled.clip(0, 1).astype(np.float32)
""",
        # integers wrap below zero
        """\
def to_input(image):
    low, high = np.percentile(image, (1, 99)).astype(image.dtype)
    if low == high:
        return np.zeros(image.shape, np.float32)
    return ((image - low) / (high - low)).clip(0, 1).astype(np.float32)
""",
        # floats are changed in place
        """\
def to_input(image):
    image = np.asarray(image)
    if image.dtype.kind != "f":
        image = image.astype(np.float64)
    low, high = np.percentile(image, (1, 99))
    if low == high:
        return np.zeros(image.shape, np.float32)
    image -= low
    image /= high - low
    return image.clip(0, 1).astype(np.float32)
""",
    ],
    "run_padded": [
        # a size that fits grows by a whole step
        """\
def run_padded(network, image, step):
    h, w = image.shape
    grow = [(0, step - n % step) for n in (h, w)]
    x = np.pad(image, grow, mode="edge").astype(np.float32)
    return network(x[None, None])[0, 0, :h, :w]
""",
        # the shortest side is forgotten
        """\
def run_padded(network, image, step):
    h, w = image.shape
    grow = [(0, -n % step) for n in (h, w)]
    x = np.pad(image, grow, mode="edge").astype(np.float32)
    return network(x[None, None])[0, 0, :h, :w]
""",
        # zeros
        """\
def run_padded(network, image, step):
    h, w = image.shape
    grow = [(0, max(2 * step, n + -n % step) - n) for n in (h, w)]
    x = np.pad(image, grow).astype(np.float32)
    return network(x[None, None])[0, 0, :h, :w]
""",
        # not cropped
        """\
def run_padded(network, image, step):
    grow = [(0, max(2 * step, n + -n % step) - n) for n in image.shape]
    x = np.pad(image, grow, mode="edge").astype(np.float32)
    return network(x[None, None])[0, 0]
""",
        # padded in the middle, cropped at the corner
        """\
def run_padded(network, image, step):
    h, w = image.shape
    more = [max(2 * step, n + -n % step) - n for n in (h, w)]
    grow = [(m // 2, m - m // 2) for m in more]
    x = np.pad(image, grow, mode="edge").astype(np.float32)
    return network(x[None, None])[0, 0, :h, :w]
""",
        # cut to fit instead of padded
        """\
def run_padded(network, image, step):
    h, w = (n // step * step for n in image.shape)
    x = image[:h, :w].astype(np.float32)
    return network(x[None, None])[0, 0]
""",
    ],
    "quantise_values": [
        # the range does not hold 0
        """\
def quantise_values(values):
    low, high = values.min(), values.max()
    if low == high:
        return np.zeros(values.shape, np.uint8), 1.0, 0
    scale = (high - low) / 255
    zero = int(np.round(-low / scale))
    codes = np.clip(np.round(values / scale) + zero, 0, 255)
    return codes.astype(np.uint8), scale, zero
""",
        # symmetric: half of the codes are wasted on one-sided values
        """\
def quantise_values(values):
    scale = np.abs(values).max() / 127 or 1.0
    codes = np.clip(np.round(values / scale) + 128, 0, 255)
    return codes.astype(np.uint8), scale, 128
""",
        # cast without rounding and clipping: wraps at the ends
        """\
def quantise_values(values):
    low, high = min(values.min(), 0.0), max(values.max(), 0.0)
    if low == high:
        return np.zeros(values.shape, np.uint8), 1.0, 0
    scale = (high - low) / 255
    zero = int(np.round(-low / scale))
    codes = (np.round(values / scale) + zero + 1).astype(np.int64)
    return codes.astype(np.uint8), scale, zero
""",
        # the zero point is not whole
        """\
def quantise_values(values):
    low, high = min(values.min(), 0.0), max(values.max(), 0.0)
    if low == high:
        return np.zeros(values.shape, np.uint8), 1.0, 0
    scale = (high - low) / 255
    codes = np.clip(np.round((values - low) / scale), 0, 255)
    return codes.astype(np.uint8), scale, -low / scale
""",
        # all zeros divide by nothing
        """\
def quantise_values(values):
    low = float(min(values.min(), 0.0))
    scale = (float(max(values.max(), 0.0)) - low) / 255
    zero = int(round(-low / scale))
    codes = np.clip(np.round(values / scale) + zero, 0, 255)
    return codes.astype(np.uint8), scale, zero
""",
    ],
    "left_to_do": [
        # reads the torn row
        """\
def left_to_do(files, results):
    import json
    lines = results.decode().splitlines()
    done = {json.loads(line)["file"] for line in lines}
    return sorted(set(files) - done)
""",
        # takes a torn row that can be read
        """\
def left_to_do(files, results):
    import json
    done = set()
    for line in results.split(b"\\n"):
        try:
            done.add(json.loads(line)["file"])
        except ValueError:
            pass
    return sorted(set(files) - done)
""",
        # drops the last whole row
        """\
def left_to_do(files, results):
    import json
    lines = results.splitlines()[:-1]
    done = {json.loads(line)["file"] for line in lines}
    return sorted(set(files) - done)
""",
        # tries failed files again
        """\
def left_to_do(files, results):
    import json
    rows = [json.loads(line) for line in results.split(b"\\n")[:-1]]
    done = {row["file"] for row in rows if not row["error"]}
    return sorted(set(files) - done)
""",
        # counts rows instead of reading names
        """\
def left_to_do(files, results):
    return sorted(files)[results.count(b"\\n"):]
""",
        # decodes before it splits
        """\
def left_to_do(files, results):
    import json
    lines = results.decode().split("\\n")[:-1]
    done = {json.loads(line)["file"] for line in lines}
    return sorted(set(files) - done)
""",
    ],
    "stability": [
        # values beyond the outer cuts are left out
        """\
def stability(reference, window, edges):
    def shares(values):
        counts = np.histogram(values, edges)[0] + 0.5
        return counts / counts.sum()
    p, q = shares(reference), shares(window)
    return float(((q - p) * np.log(q / p)).sum())
""",
        # one-sided: the Kullback-Leibler divergence
        """\
def stability(reference, window, edges):
    def shares(values):
        bins = np.searchsorted(edges, values, side="right")
        counts = np.bincount(bins, minlength=len(edges) + 1) + 0.5
        return counts / counts.sum()
    p, q = shares(reference), shares(window)
    return float((q * np.log(q / p)).sum())
""",
        # empty bins are infinite
        """\
def stability(reference, window, edges):
    def shares(values):
        bins = np.searchsorted(edges, values, side="right")
        counts = np.bincount(bins, minlength=len(edges) + 1)
        return counts / counts.sum()
    p, q = shares(reference), shares(window)
    with np.errstate(all="ignore"):
        return float(((q - p) * np.log(q / p)).sum())
""",
        # counts instead of shares
        """\
def stability(reference, window, edges):
    def counts(values):
        bins = np.searchsorted(edges, values, side="right")
        return np.bincount(bins, minlength=len(edges) + 1) + 0.5
    p, q = counts(reference), counts(window)
    return float(((q - p) * np.log(q / p)).sum())
""",
        # a value on a cut falls into the bin below
        """\
def stability(reference, window, edges):
    def shares(values):
        bins = np.searchsorted(edges, values)
        counts = np.bincount(bins, minlength=len(edges) + 1) + 0.5
        return counts / counts.sum()
    p, q = shares(reference), shares(window)
    return float(((q - p) * np.log(q / p)).sum())
""",
        # a logarithm of base 10
        """\
def stability(reference, window, edges):
    def shares(values):
        bins = np.searchsorted(edges, values, side="right")
        counts = np.bincount(bins, minlength=len(edges) + 1) + 0.5
        return counts / counts.sum()
    p, q = shares(reference), shares(window)
    return float(((q - p) * np.log10(q / p)).sum())
""",
    ],
}
