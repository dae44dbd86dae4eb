"""Typical wrong answers to the exercises of chapter 04."""

TRAINING = """\
def train_and_predict(model, images, masks, steps):
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    {before}
    for _ in range(steps):
        loss = torch.nn.functional.cross_entropy(model(images), masks)
        {clear}
        loss.backward()
        optimiser.step()
    {after}
    with torch.no_grad():
        return {result}
"""


def training(
    before="model.train()",
    clear="optimiser.zero_grad()",
    after="model.eval()",
    result="model(images).argmax(dim=1)",
):
    """The right loop with one line changed."""
    return TRAINING.format(
        before=before, clear=clear, after=after, result=result
    )


WRONG: dict[str, list[str]] = {
    "valid_output": [
        # right at the published size alone
        "def valid_output(side, poolings):\n    return side - 184\n",
        # forgets that the bottom has two convolutions as well
        """\
def valid_output(side, poolings):
    for _ in range(poolings):
        side = (side - 4) // 2
    for _ in range(poolings):
        side = side * 2 - 4
    return side
""",
        # never asks whether the size is odd or too small
        """\
def valid_output(side, poolings):
    for _ in range(poolings):
        side = (side - 4) // 2
    side = side - 4
    for _ in range(poolings):
        side = side * 2 - 4
    return side
""",
        # odd sizes are caught, sizes that are too small are not
        """\
def valid_output(side, poolings):
    for _ in range(poolings):
        side = side - 4
        if side % 2:
            return 0
        side = side // 2
    side = side - 4
    for _ in range(poolings):
        side = side * 2 - 4
    return side
""",
        # padded convolutions
        "def valid_output(side, poolings):\n    return side\n",
    ],
    "join": [
        # only works where nothing has to be joined
        """\
def join(upsampled, skip):
    return torch.cat([skip, upsampled], dim=1)
""",
        # the other order
        """\
def join(upsampled, skip):
    down = skip.shape[-2] - upsampled.shape[-2]
    right = skip.shape[-1] - upsampled.shape[-1]
    pad = (0, right, 0, down)
    padded = F.pad(upsampled, pad, mode="replicate")
    return torch.cat([padded, skip], dim=1)
""",
        # zeros: a dark seam along two sides of the picture
        """\
def join(upsampled, skip):
    down = skip.shape[-2] - upsampled.shape[-2]
    right = skip.shape[-1] - upsampled.shape[-1]
    return torch.cat([skip, F.pad(upsampled, (0, right, 0, down))], dim=1)
""",
        # rows and columns mixed up
        """\
def join(upsampled, skip):
    down = skip.shape[-2] - upsampled.shape[-2]
    right = skip.shape[-1] - upsampled.shape[-1]
    pad = (0, down, 0, right)
    padded = F.pad(upsampled, pad, mode="replicate")
    return torch.cat([skip, padded], dim=1)
""",
        # cuts the skip connection: the output loses a row
        """\
def join(upsampled, skip):
    height, width = upsampled.shape[-2:]
    return torch.cat([skip[..., :height, :width], upsampled], dim=1)
""",
        # stretches the map, so that every pixel moves
        """\
def join(upsampled, skip):
    size = skip.shape[-2:]
    stretched = F.interpolate(upsampled, size, mode="bilinear")
    return torch.cat([skip, stretched], dim=1)
""",
    ],
    "build_encoder": [
        # stored and ignored
        """\
def build_encoder(in_channels, widths):
    class Encoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.widths = widths
            self.blocks = torch.nn.ModuleList(
                [torch.nn.Conv2d(in_channels, 64, 3, padding=1),
                 torch.nn.Conv2d(64, 128, 3, padding=1),
                 torch.nn.Conv2d(128, 256, 3, padding=1)])

        def forward(self, x):
            maps = []
            for block in self.blocks:
                maps.append(block(x))
                x = F.max_pool2d(maps[-1], 2)
            return maps

    return Encoder()
""",
        # right sizes, but a plain list hides every weight
        """\
def build_encoder(in_channels, widths):
    nn = torch.nn

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks, before = [], in_channels
            for width in widths:
                self.blocks.append(nn.Sequential(
                    nn.Conv2d(before, width, 3, padding=1), nn.ReLU(),
                    nn.Conv2d(width, width, 3, padding=1), nn.ReLU()))
                before = width

        def forward(self, x):
            maps = []
            for block in self.blocks:
                maps.append(block(x))
                x = F.max_pool2d(maps[-1], 2)
            return maps

    return Encoder()
""",
        # pools before the first level as well
        """\
def build_encoder(in_channels, widths):
    nn = torch.nn

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks, before = nn.ModuleList(), in_channels
            for width in widths:
                self.blocks.append(nn.Sequential(
                    nn.MaxPool2d(2),
                    nn.Conv2d(before, width, 3, padding=1), nn.ReLU(),
                    nn.Conv2d(width, width, 3, padding=1), nn.ReLU()))
                before = width

        def forward(self, x):
            maps = []
            for block in self.blocks:
                x = block(x)
                maps.append(x)
            return maps

    return Encoder()
""",
        # honours the widths, but always builds three levels
        """\
def build_encoder(in_channels, widths):
    nn = torch.nn

    def block(a, b):
        return nn.Sequential(
            nn.Conv2d(a, b, 3, padding=1), nn.ReLU(),
            nn.Conv2d(b, b, 3, padding=1), nn.ReLU())

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.one = block(in_channels, widths[0])
            self.two = block(widths[0], widths[1])
            self.three = block(widths[1], widths[2])

        def forward(self, x):
            one = self.one(x)
            two = self.two(F.max_pool2d(one, 2))
            return [one, two, self.three(F.max_pool2d(two, 2))]

    return Encoder()
""",
    ],
    "train_and_predict": [
        # gradients of all steps pile up
        training(clear="pass"),
        # predicts in train mode
        training(after="pass"),
        # never enters train mode
        training(before="pass"),
        # clears the gradients too late: nothing is ever learnt
        """\
def train_and_predict(model, images, masks, steps):
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    model.train()
    for _ in range(steps):
        loss = torch.nn.functional.cross_entropy(model(images), masks)
        loss.backward()
        optimiser.zero_grad()
        optimiser.step()
    model.eval()
    with torch.no_grad():
        return model(images).argmax(dim=1)
""",
        # one class number for each channel in place of each pixel
        training(result="model(images).argmax(dim=-1)"),
    ],
}
