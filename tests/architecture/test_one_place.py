"""There is one place for what many modules need."""

import ast
from typing import get_args

from app.programs import shapes

from .source import modules

TYPES = {get_args(one.model_fields["type"].annotation)[0] for one in get_args(get_args(shapes.Commission)[0])}


def test_only_the_module_of_the_types_names_a_type_of_commission() -> None:
    own = TYPES - {"percentage"}  # a default and examples use it
    naming = {
        f"{name}:{node.lineno}"
        for name, _, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in own
    }
    assert {place.partition(":")[0] for place in naming} == {"app.programs.shapes"}


def test_code_never_branches_on_the_type_of_a_commission() -> None:
    asking = [
        f"{name}:{node.lineno}"
        for name, _, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Constant)
        and node.slice.value == "type"
        and "commission" in ast.unparse(node.value)
    ]
    assert asking == []


def test_immutable_values_have_one_decorator() -> None:
    frozen = [
        name
        for name, _, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "frozen"
    ]
    assert frozen == ["app.config"], "use app.immutable; pydantic's settings have their own way"
