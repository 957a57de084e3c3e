# SPDX-License-Identifier: Apache-2.0
"""What the tests of the documentation know of Markdown: blocks, links and anchors."""
import re

LANGUAGES = ("c", "cpp", "python", "sh", "cmake", "yaml", "text")


class Block:
    """A fenced block: its language, its text, its line, and what a comment right above it says: (word, the rest)."""

    def __init__(self, language, text, line, comment):
        self.language, self.text, self.line, self.comment = language, text, line, comment


def blocks(text):
    """All blocks of a page; ValueError if one has no language, or is indented and not fenced, so that none is missed."""
    found, lines, fence, comment, listed = [], [], None, None, False
    previous = ""
    for number, line in enumerate(text.splitlines(), 1):
        if fence is not None:
            if line == "```":
                found.append(Block(fence[0], "".join(f"{each}\n" for each in lines), fence[1], comment))
                fence, lines, comment = None, [], None
            else:
                lines.append(line)
        elif line.lstrip().startswith("```"):
            if line[3:] not in LANGUAGES:
                raise ValueError(f"line {number}: a block begins with ``` and one of {', '.join(LANGUAGES)}")
            fence = line[3:], number
        elif match := re.fullmatch(r"<!-- (not run|prints)(?:: (.*?))? -->", line):
            comment = match[1], match[2]
        elif line.startswith("    ") and not listed:
            raise ValueError(f"line {number}: a block is fenced, and says its language")
        elif line:
            if re.match(r"[*-] |\d+\. |\|", line) and previous and previous[0] != line[0] and not listed:
                raise ValueError(f"line {number}: a list or a table begins after a blank line, and text not like one")
            listed = bool(re.match(r"\s*([*-]|\d+\.) ", line)) or (listed and line.startswith(" "))
            comment = None
        previous = line
    if fence is not None:
        raise ValueError(f"line {fence[1]}: the block does not end")
    return found


def prose(text):
    """A page without its blocks and what is set in code."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))


def links(text):
    """The targets of a page's links and images."""
    return re.findall(r"\]\(([^()\s]+)\)", prose(text)) + re.findall(r'(?:src|href)="([^"]+)"', prose(text))


def anchors(text):
    """The anchors of a page's headings, as GitHub and MkDocs make them."""
    found, seen = set(), {}
    for heading in re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE):
        heading = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower())
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        found.add(f"{slug}_{count}" if count else slug)
    return found
