"""The built-in problem set: templates by subject, and the seeded draw that makes data/ from them."""

from mathtune_styles.builtin import (
    algebra,
    counting_and_probability,
    expressions,
    geometry,
    intermediate_algebra,
    number_theory,
    prealgebra,
    precalculus,
    quantities,
)
from mathtune_styles.builtin.template import Template

TEMPLATES: tuple[Template, ...] = (
    *prealgebra.TEMPLATES,
    *quantities.TEMPLATES,
    *algebra.TEMPLATES,
    *expressions.TEMPLATES,
    *intermediate_algebra.TEMPLATES,
    *number_theory.TEMPLATES,
    *counting_and_probability.TEMPLATES,
    *geometry.TEMPLATES,
    *precalculus.TEMPLATES,
)
