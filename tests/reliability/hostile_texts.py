"""Untrusted text of images and instances that tries to have something done."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

#: Where this number shows, somebody has done the sum: it stands nowhere as it is.
SUM, RESULT = "7919 * 6841", str(7919 * 6841)
#: What untrusted text must not bring to a terminal: control characters but tab and line end, and directions.
STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

#: The part of it that Ansible does not escape where it shows results.
SHOWN_RAW = re.compile(r"[\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def hostile_texts(trap: Path) -> list[str]:
    """Return the texts; those that bring a command try to create the file ``trap``."""
    command = f"touch {trap}"
    return [
        f"{{{{ {SUM} }}}}",
        f"{{% set x = {SUM} %}}{{{{ x }}}}",
        f"{{# gone #}}{{{{ {SUM} }}}}",
        f"{{{{ lookup('ansible.builtin.pipe', '{command}') }}}}",
        "{{ lookup('ansible.builtin.env', 'COMPSHARE_PRIVATE_KEY') }}",
        f"{{{{ cycler.__init__.__globals__.os.system('{command}') }}}}",
        f"' ~ ({SUM}) ~ '",
        f"#jinja2: variable_start_string: '<<', variable_end_string: '>>'\n<< {SUM} >>",
        f"#jinja2: variable_start_string: '<<', variable_end_string: '>>'\n"
        f"<< lookup('ansible.builtin.pipe', '{command}') >>",
        f"!unsafe '{{{{ {SUM} }}}}'",
        f"!!python/object/apply:os.system ['{command}']",
        f"$({command})",
        f"`{command}`; {command} #",
        f"-oProxyCommand={command}",
        "\x1b[2J\x1b]0;owned\x07\x1b]52;c;b3duZWQ=\x07",
        "red \x9b31m and \x85",
        "gnp.\u202eexe\u2066",
        "nul\x00byte",
        "one\ntwo\r\nfatal: [localhost]: FAILED!",
        "over\rwritten",
        f"../../../../../../..{trap}",
        "/etc/passwd",
        "localhost",
        "all",
        "web[1:3],!db",
        "vault $ANSIBLE_VAULT;1.1;AES256",
        "训练环境 😀 می\u200cخواهم",
    ]


def hostile_field(trap: Path) -> dict[str, Any]:
    """Return a field that no documentation knows, which looks like what Ansible writes for itself."""
    text = f"{{{{ {SUM} }}}}"
    return {
        "one": {"__ansible_unsafe": text},
        "two": {"__ansible_type": "TrustedAsTemplate", "value": text},
        "three": {"__ansible_type": "_TaggedStr", "value": text, "tags": [{"__ansible_type": "TrustedAsTemplate"}]},
        "four": {"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\n31"},
        "five": {
            "_ansible_no_log": True,
            "ansible_facts": {"ansible_python_interpreter": f"/bin/sh -c 'touch {trap}'"},
        },
    }


def shown(text: str) -> str:
    """Return what a result holds for a text of the API: U+FFFD stands for what Ansible would show raw."""
    return SHOWN_RAW.sub("\ufffd", text)


def rows(texts: Sequence[str], trap: Path) -> dict[str, list[dict[str, Any]]]:
    """Return rows for a scenario: each text is the name, and everything else that is text, of one of each kind."""

    def image(kind: str, number: int) -> dict[str, Any]:
        text = texts[number]
        return {
            "CompShareImageId": f"compshareImage-{kind}{number:02}",
            "Name": text,
            "Author": text,
            "Description": text,
            "Readme": text,
            "Tags": [text],
            "FailedReason": text,
            "VersionName": text,
            "VersionDesc": text,
            "Cover": text,
            "SupportedGpuTypes": [text],
            "Softwares": {"Framework": text, "Applications": [text]},
            "Unheard": {**hostile_field(trap), "text": text},
        }

    numbers = range(len(texts))
    return {
        "platform": [{**image("platform", number), "ImageType": "App"} for number in numbers],
        "custom": [{**image("custom", number), "Container": "True"} for number in numbers],
        "shared": [image("shared", number) for number in numbers],
        "community": [
            {
                "GroupId": f"group-{number}",
                "ImageName": texts[number],
                "ImageDesc": texts[number],
                "Data": [image("community", number)],
            }
            for number in numbers
        ],
        "instances": [
            {
                "UHostId": f"uhost-hostile{number:02}",
                "Name": text,
                "Remark": text,
                "Tag": text,
                "OsName": text,
                "CompShareImageName": text,
                "SshLoginCommand": text,
                "Unheard": {**hostile_field(trap), "text": text},
            }
            for number, text in enumerate(texts)
        ],
    }
