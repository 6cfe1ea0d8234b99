from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._images.own_images import OwnImages

from ..fakes import client_of, success


@pytest.mark.parametrize("odd", [{"a": 1}, [1], None, True, 7])
def test_a_row_is_kept_whatever_its_id_is(odd: Any) -> None:
    rows = [{"CompShareImageId": odd, "Name": "odd"}, {"CompShareImageId": "compshareImage-a", "Name": "even"}]
    client, _transport, _clock = client_of(lambda _fields: success(ImageSet=rows))
    assert [image["name"] for image in OwnImages(client).all()] == ["odd", "even"]
