"""What each kind of job does with its rows. A new kind is a module here and a line in `RECIPES`."""

from apps.training.program.errors import SpecError
from apps.training.program.recipes.base import Recipe
from apps.training.program.recipes.pretrain import Pretrain
from apps.training.program.recipes.sft import Sft
from apps.training.program.spec import Train

RECIPES: dict[str, Recipe] = {"PRETRAIN": Pretrain(), "SFT": Sft()}


def recipe_for(train: Train) -> Recipe:
    """Return the recipe of a job.

    Raises:
        SpecError: no recipe fits the job's type and method.
    """
    recipe = RECIPES.get(train.job_type)
    if recipe is None:
        raise SpecError(f"{train.job_type} is not yet runnable here; this program runs {', '.join(RECIPES)}.")
    if train.method not in recipe.methods:
        raise SpecError(
            f"{train.job_type} with the method {train.method} is not yet runnable here; "
            f"take {' or '.join(recipe.methods)}."
        )
    return recipe
