# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: compshare_image
short_description: Look up CompShare images
version_added: 1.0.0
author:
  - CompShare Cloud collection contributors (@compshare-cloud)
description:
  - Returns the image with each given name or id, as M(compshare.cloud.compshare_image_info) describes it.
  - Each name or id must match exactly one image; no match, or several, is an error that lists the nearest names.
  - Without a name or id, returns all images that match the filters.
  - A lookup runs on the controller and works in C(vars), C(when) and templates.
extends_documentation_fragment:
  - compshare.cloud.connection
  - compshare.cloud.connection.env
  - compshare.cloud.image_filters
options:
  _terms:
    description:
      - Names or ids of images.
    type: list
    elements: str
  name:
    description:
      - Only images with exactly this name.
    type: str
    version_added: 1.1.0
  most_recent:
    description:
      - If several images have the name, return the one that was published, or else created, last.
    type: bool
    default: false
  field:
    description:
      - The key of each image to return, for example V(id). If omitted, whole images are returned.
    type: str
  default:
    description:
      - What to return for a name or id that no image has. If omitted, that is an error.
    type: raw
  cache_timeout:
    description:
      - How long a list that a lookup reads is kept, in seconds. Hosts and tasks that need the same list read it once;
        V(0) reads it for each lookup.
      - Lists are kept in a file that only the user can read. They hold no secrets.
      - A task of this collection that changes something, run by the same user with the same key, invalidates them,
        and C(--flush-cache) does so for a run. Changes made elsewhere are seen after this time at the latest.
    type: float
    default: 30.0
    env:
      - name: COMPSHARE_CACHE_TIMEOUT
    version_added: 1.1.0
notes:
  - Text from the API is never evaluated as a template.
  - An option that does not exist is an error that names the nearest one.
seealso:
  - module: compshare.cloud.compshare_image_info
    description: The same list as a task, and the keys of an image.
"""

EXAMPLES = r"""
- name: Show the id of a platform image
  ansible.builtin.debug:
    msg: "{{ lookup('compshare.cloud.compshare_image', 'cuda128_torch291_py312', field='id') }}"

- name: Show the status of the newest custom image of a name
  ansible.builtin.debug:
    msg: "{{ lookup('compshare.cloud.compshare_image', 'training-env', source='custom', most_recent=true).status }}"

- name: Use a default if there is no such image
  ansible.builtin.debug:
    msg: "{{ lookup('compshare.cloud.compshare_image', 'no such image', default='none') }}"

- name: List the names of all images for a 5090
  ansible.builtin.debug:
    msg: "{{ query('compshare.cloud.compshare_image', gpu_type='5090', field='name') }}"
"""

RETURN = r"""
_raw:
  description:
    - The image, or its O(field), for each name or id; without any, the images that match the filters.
    - The keys of an image are those of RV(compshare.cloud.compshare_image_info#module:images).
  type: list
  elements: raw
"""

import typing as t

from ansible.constants import config
from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

from ..plugin_utils._bytecode import keep_bytecode

keep_bytecode()

from ..module_utils._api.clock import Clock
from ..module_utils._api.credentials import account_of, connection_warnings
from ..module_utils._api.errors import CompShareError
from ..module_utils._api.list_cache import ListCache
from ..module_utils._api.options import CREDENTIALS
from ..module_utils._images.filters import IMAGE_FILTERS
from ..plugin_utils._flush_cache import flushed_at
from ..plugin_utils._options import CheckedOptions, define_options

define_options(
    "lookup",
    __name__,
    {
        **IMAGE_FILTERS,
        "_terms": {"type": "list", "elements": "str"},
        "most_recent": {"type": "bool", "default": False},
        "field": {"type": "str"},
        "default": {"type": "raw"},
        "cache_timeout": {"type": "float", "default": 30.0, "env": [{"name": "COMPSHARE_CACHE_TIMEOUT"}]},
    },
)

#: Options that no kept result depends on: accounts are kept apart in another way, the others only concern its use.
_APART = (*CREDENTIALS, "_terms", "default", "cache_timeout")


class LookupModule(CheckedOptions, LookupBase):
    _unnamed = ("_terms",)

    def run(self, terms: list[t.Any], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[t.Any]:
        failure: CompShareError | None = None
        try:
            self.set_options(var_options=variables, direct=kwargs)
            return self._find([str(term) for term in terms], kwargs)
        except CompShareError as error:
            failure = error
        # Outside of the handler, so that Ansible does not append the error to itself.
        raise AnsibleError(str(failure))

    def _find(self, terms: list[str], given: dict[str, t.Any]) -> list[t.Any]:
        definitions = config.get_configuration_definitions("lookup", self._load_name)
        options = {name: self.get_option(name) for name in definitions if name != "_terms"}
        endpoint, credentials = account_of(options)
        cache = ListCache(Clock(), endpoint, credentials.public_key, options["cache_timeout"], not_before=flushed_at())
        zone, may_lack = given.get("zone"), "default" in given

        def read() -> t.Any:
            # A lookup that finds its result in the cache needs nothing of this.
            from ..plugin_utils._garbage import uncollected  # noqa: PLC0415 -- see above

            with uncollected():
                from ..module_utils._images.lookup import look_up  # noqa: PLC0415 -- see above

                return look_up(options, terms, given_zone=zone, may_lack=may_lack, cache=cache, debug=Display().vvv)

        kept_by = {name: value for name, value in options.items() if name not in _APART}
        found, warnings = cache.get(["lookup", terms, zone, may_lack, kept_by], read)
        for warning in [*connection_warnings(endpoint, credentials, options), *warnings]:
            Display().warning(warning)
        return [each for one in found for each in one or [options["default"]]] if terms else found
