#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: quick
"""Pages of the documentation: links lead to files that are there, and to headings that they have; blocks say their
language, so that tests/documents finds all of them; and the site's navigation (mkdocs.yml) has each page once."""
import pathlib
import re
import sys

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/documents"))
import markdown  # noqa: E402


def pages():
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("b*/**/*.md")]
    return sorted(page for page in found if "build" not in page.relative_to(ROOT).parts[0])


def wrong_links(page):
    for target in markdown.links(page.read_text()):
        if re.match(r"\w+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            yield f"{target} is not there"
        elif anchor and file.suffix == ".md" and anchor not in markdown.anchors(file.read_text()):
            yield f"{target}: no such heading"


def wrong_navigation():
    listed = re.findall(r"^ +- .*?([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    there = ["README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md", "bench/results/README.md",
             *(f"docs/{page.name}" for page in ROOT.glob("docs/*.md"))]
    yield from (f"{page} is not in the navigation once" for page in there if listed.count(page) != 1)
    yield from (f"{page} is in the navigation and not there" for page in listed if page not in there)


def main():
    wrong = [f"mkdocs.yml: {text}" for text in wrong_navigation()]
    for page in pages():
        name = page.relative_to(ROOT)
        try:
            markdown.blocks(page.read_text())
        except ValueError as error:
            wrong.append(f"{name}: {error}")
        wrong += [f"{name}: {text}" for text in wrong_links(page)]
    print("\n".join(wrong) or "every link leads somewhere")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
