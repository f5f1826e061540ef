"""A preprocessor of mdBook: links that leave docs/ lead to the repository, links to a README.md to the index of its folder."""

import json
import os
import re
import sys

LINK = re.compile(r"(?<=\]\()([^)\s#]+)")
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def target(link, folder, root, repository):
    """Where a link of a page in `folder` (relative to docs/) leads in the book."""
    if SCHEME.match(link):
        return link
    path = os.path.normpath(os.path.join(folder, link))
    is_folder = os.path.isdir(os.path.join(root, path))
    if path.split(os.sep)[0] == "..":
        kind = "tree" if is_folder else "blob"
        return f"{repository}/{kind}/main/{os.path.normpath(os.path.join('docs', path))}"
    if is_folder:
        return os.path.join(link, "index.md")
    # mdBook writes README.md as index.html, but leaves links to it as they are.
    return re.sub(r"(^|/)README\.md$", r"\1index.md", link)


def rewrite(items, root, repository):
    for item in items:
        chapter = item.get("Chapter") if isinstance(item, dict) else None
        if chapter is None:
            continue
        # The page of a folder is index.md by now; the source's path is what its links are relative to.
        folder = os.path.dirname(chapter.get("source_path") or "")
        parts = re.split(r"(^```.*?^```)", chapter["content"], flags=re.DOTALL | re.MULTILINE)
        for index in range(0, len(parts), 2):
            parts[index] = LINK.sub(lambda match: target(match[1], folder, root, repository), parts[index])
        chapter["content"] = "".join(parts)
        rewrite(chapter["sub_items"], root, repository)


def main():
    if sys.argv[1:2] == ["supports"]:
        return
    context, book = json.load(sys.stdin)
    config = context["config"]
    repository = config["output"]["html"]["git-repository-url"].rstrip("/")
    root = os.path.join(context["root"], config["book"]["src"])
    rewrite(book.get("items", book.get("sections")), root, repository)
    json.dump(book, sys.stdout)


if __name__ == "__main__":
    main()
