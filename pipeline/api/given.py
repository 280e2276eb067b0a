"""I/O. What a call is given: parameters by name, and the config file that they stand above."""

import os
from collections.abc import Mapping
from pathlib import PurePath

from auto_schema.errors import ConfigError
from pipeline.api.config import Config, words_of
from pipeline.cli import Brought
from pipeline.launch.settings import CONFIG, settings_of


def given_by(config: Config) -> tuple[list[str], Brought]:
    """The words of a command line, and what said them where a config file is read.

    As the command does, a config file brings what the environment and the `.env` beside it say.
    Without one the environment says nothing: a mapping is all that is given.

    Raises:
        ConfigError, ManyErrors: values that no parameter can have, or a file that is wrong.
        TargetError: a config file in a bucket couldn't be read.
    """
    if isinstance(config, Mapping):
        path = config.get(CONFIG)
        named = {name: value for name, value in config.items() if name != CONFIG}
    else:
        path, named = config, {}
    if path is None:
        return words_of(named), Brought()
    if not isinstance(path, (str, PurePath)) or not str(path):
        why = f"it is a {type(path).__name__}" if path != "" else "it is empty"
        fix = "give a mapping of parameters, or the path of a config file."
        raise ConfigError("no config", CONFIG, why, fix)
    settings = settings_of(words_of(named), str(path), os.environ)
    return list(settings.words), Brought(settings.origins, settings.faults)
