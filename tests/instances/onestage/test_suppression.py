

def test_the_surest_come_first_and_ties_keep_their_order():
    chances = torch.tensor([[0.5, 0.2], [0.5, 0.9], [0.1, 0.5]])
    places, classes, scores = surest(chances, above=0.2, most=3)
    assert places.tolist() == [1, 0, 1]
    assert classes.tolist() == [1, 0, 0]
    assert torch.equal(scores, torch.tensor([0.9, 0.5, 0.5]))


def test_nobody_is_sure():
    parts = surest(torch.zeros(4, 2), above=0.0, most=5)
    assert [len(part) for part in parts] == [0, 0, 0]
