from apps.evaluation.sampling import drawn


class TestDrawn:
    def test_is_the_same_for_ever(self):
        # Computed once; whoever draws with another program gets these too.
        assert drawn(range(100), 5, seed=42) == [1, 45, 53, 86, 88]

    def test_depends_on_the_seed(self):
        assert drawn(range(100), 5, seed=42) != drawn(range(100), 5, seed=43)

    def test_a_larger_draw_holds_the_smaller(self):
        assert set(drawn(range(100), 5, seed=1)) < set(drawn(range(100), 20, seed=1))

    def test_takes_all_when_there_are_fewer(self):
        assert drawn([3, 1, 2], 9, seed=0) == [1, 2, 3]

    def test_is_about_even(self):
        counts = [0] * 10
        for seed in range(400):
            for index in drawn(range(10), 3, seed=seed):
                counts[index] += 1

        assert all(90 <= count <= 150 for count in counts)  # 120 expected, standard deviation 9
