"""Folders and zips of images: what is listed, in which order, what is refused, and what folders say."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data.image_sources import drawn, encoded, write_files, write_zip

from xent.data.image_files import ImageFiles, list_folder, list_zip, natural_key, one_file
from xent.data.image_layout import layout_of
from xent.errors import XentError

PNG = encoded(drawn(0))


def listed(*names: str, folders: tuple[str, ...] = ()) -> ImageFiles:
    every = {"/".join(n.split("/")[:k]) for n in names for k in range(1, n.count("/") + 1)}
    return ImageFiles(
        "images", tuple(sorted(names, key=natural_key)), 0, bytes, frozenset(every | set(folders))
    )


def layout(
    *names: str, needs_labels: bool = True, folders: tuple[str, ...] = ()
) -> dict[str, list[str]]:
    return layout_of(listed(*names, folders=folders), needs_labels=needs_labels).to_dict(
        as_series=False
    )


@given(st.lists(st.text("a1029/.é", min_size=1), max_size=12))
def test_natural_order_is_total_and_keeps_every_name(names: list[str]) -> None:
    ordered = sorted(names, key=natural_key)
    assert sorted(ordered) == sorted(names)
    backwards = names[::-1]
    assert sorted(backwards, key=natural_key) == ordered


def test_natural_order_counts_as_people_do() -> None:
    names = ["b/2.png", "a/cat.10.jpg", "a/cat.2.jpg", "a/cat.02.jpg", "a.png", "a/Cat.3.jpg"]
    assert sorted(names, key=natural_key) == [
        "a/cat.02.jpg", "a/cat.2.jpg", "a/Cat.3.jpg", "a/cat.10.jpg", "a.png", "b/2.png",
    ]  # fmt: skip
    assert natural_key("9" * 70_000 + ".png") < natural_key("1" + "0" * 70_000 + ".png")


def test_a_folder_and_its_zip_list_the_same(tmp_path: Path) -> None:
    files = {"b/1.png": PNG, "a/10.PNG": PNG, "a/9.jpeg": PNG, "a/notes.txt": b"x", "a/.hidden.png": PNG,
             "__MACOSX/a/1.png": PNG, "a/plain": b"", "c.webp": b""}  # fmt: skip
    folder = list_folder(write_files(tmp_path / "images", files))
    packed = list_zip(write_zip(tmp_path / "images.zip", files))
    assert folder.names == packed.names == ("a/9.jpeg", "a/10.PNG", "b/1.png")
    assert folder.n_bytes == packed.n_bytes == 3 * len(PNG)
    assert folder.ignored == {".txt": 1, "hidden": 1, "without a suffix": 1, ".webp": 1}
    assert packed.ignored == {".txt": 1, "hidden": 2, "without a suffix": 1, ".webp": 1}
    assert [folder.read(name) for name in folder.names] == [
        packed.read(name) for name in packed.names
    ]
    assert "4 files that are no PNG or JPEG ignored" in folder.notes[0]
    assert listed("a/1.png").notes == ()
    packed.close()


def test_an_unpackable_or_encrypted_or_lying_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_bytes(b"no zip at all")
    with pytest.raises(XentError, match=r"no.zip is not a readable zip file"):
        list_zip(tmp_path / "no.zip")
    with pytest.raises(XentError, match="cannot be read"):
        list_zip(tmp_path)
    write_zip(tmp_path / "lzma.zip", {"a/1.png": PNG}, zipfile.ZIP_LZMA)
    with pytest.raises(XentError, match="other than store and deflate"):
        list_zip(tmp_path / "lzma.zip")
    content = bytearray(write_zip(tmp_path / "locked.zip", {"a/1.png": PNG}).read_bytes())
    place = content.index(b"PK\1\2") + 8
    content[place] |= 1
    (tmp_path / "locked.zip").write_bytes(content)
    with pytest.raises(XentError, match="encrypted"):
        list_zip(tmp_path / "locked.zip")
    content = bytearray(write_zip(tmp_path / "bomb.zip", {"a/1.png": PNG}).read_bytes())
    place = content.index(b"PK\1\2") + 24
    content[place : place + 4] = (1 << 31).to_bytes(4, "little")
    (tmp_path / "bomb.zip").write_bytes(content)
    with pytest.raises(
        XentError, match=r"bomb.zip is refused: 'a/1.png' would unpack to 2,147,483,648 bytes"
    ):
        list_zip(tmp_path / "bomb.zip")


@pytest.mark.parametrize(
    "name", ["../1.png", "a/../../1.png", "/etc/1.png", "C:/1.png", "..\\1.png"]
)
def test_a_zip_with_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    write_zip(tmp_path / "slip.zip", {"a/1.png": PNG, name: PNG})
    with pytest.raises(XentError, match=r"slip.zip holds the name .* which leads out of it"):
        list_zip(tmp_path / "slip.zip")


def test_a_zip_with_a_name_twice_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "twice.zip", {"a/1.png": PNG, "a/2.png": PNG})
    path.write_bytes(path.read_bytes().replace(b"a/2.png", b"a/1.png"))
    with pytest.raises(XentError, match="twice"):
        list_zip(path)


def test_an_entry_without_a_name_is_left_aside(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        archive.writestr("a/1.png", PNG)
        archive.writestr(zipfile.ZipInfo(""), b"x")
    assert list_zip(tmp_path / "d.zip").names == ("a/1.png",)


def test_windows_names_of_a_zip_are_folders(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "w.zip", {"a/1.png": PNG})
    path.write_bytes(path.read_bytes().replace(b"a/1.png", b"a\\1.png"))
    assert list_zip(path).names == ("a/1.png",)


def test_links_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    write_files(tmp_path, {"out/secret.png": PNG, "in/a/1.png": PNG})
    inside = tmp_path / "in"
    (inside / "a" / "2.png").symlink_to(inside / "a" / "1.png")
    assert list_folder(inside).names == ("a/1.png", "a/2.png")
    for make, text in (
        (lambda link: link.symlink_to(tmp_path / "out" / "secret.png"), "leaves the folder"),
        (lambda link: link.symlink_to(tmp_path / "nowhere.png"), "leads nowhere"),
        (lambda link: link.symlink_to(inside, target_is_directory=True), "a link to a folder"),
    ):
        link = inside / "link.png"
        make(link)
        with pytest.raises(XentError, match=text):
            list_folder(inside)
        link.unlink()


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    path = str(tmp_path / "a").encode() + b"/\xff.png"
    try:
        with Path(path.decode(errors="surrogateescape")).open("wb") as file:
            file.write(PNG)
    except OSError:
        pytest.skip("this file system takes no such name")
    with pytest.raises(XentError, match="not UTF-8"):
        list_folder(tmp_path)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(XentError, match="cannot be read"):
        list_folder(tmp_path / "absent")
    with pytest.raises(XentError, match="cannot be read"):
        one_file(tmp_path / "absent.png")
    write_files(tmp_path, {"1.png": PNG})
    single = one_file(tmp_path / "1.png")
    assert single.names == ("1.png",)
    assert single.read("1.png") == PNG
    assert stat.S_ISREG((tmp_path / "1.png").stat().st_mode)
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(ValueError, match="no ordinary file"):
        single.read("folder.png")


def test_class_folders_are_labels() -> None:
    assert layout("cats/1.png", "dogs/2.png") == {
        "file": ["cats/1.png", "dogs/2.png"],
        "label": ["cats", "dogs"],
    }
    # folders around everything, and below a class, say nothing
    assert layout("all/cats/x/1.png", "all/dogs/2.png")["label"] == ["cats", "dogs"]
    assert layout("a/b/cats/1.png", "a/b/dogs/2.png")["label"] == ["cats", "dogs"]
    assert layout("cats/1.png", "cats/2.png")["label"] == ["cats", "cats"]


def test_part_folders_are_the_split() -> None:
    found = layout("Train/cats/1.png", "val/dogs/2.png", "test/cats/3.png", "test/dogs/x/4.png")
    assert dict(
        zip(found["file"], zip(found["label"], found["split"], strict=True), strict=True)
    ) == {
        "Train/cats/1.png": ("cats", "train"),
        "val/dogs/2.png": ("dogs", "validation"),
        "test/cats/3.png": ("cats", "test"),
        "test/dogs/x/4.png": ("dogs", "test"),
    }
    found = layout("set/train/cats/1.png", "set/test/dogs/2.png")
    assert sorted(found["split"]) == ["test", "train"]
    # one part says nothing of how to split
    assert layout("train/cats/1.png", "train/dogs/2.png") == {
        "file": ["train/cats/1.png", "train/dogs/2.png"], "label": ["cats", "dogs"],
    }  # fmt: skip
    # a train is a thing as well
    assert layout("train/1.png", "plane/2.png")["label"] == ["plane", "train"]
    assert layout("train/1.png", "test/2.png")["label"] == ["test", "train"]


def test_images_outside_of_class_folders_are_refused_in_training_only() -> None:
    with pytest.raises(XentError, match=r"1 of 3 images lie in no class folder \(3.png\)"):
        layout("cats/1.png", "dogs/2.png", "3.png")
    assert list(layout("cats/1.png", "3.png", needs_labels=False)) == ["file"]
    with pytest.raises(XentError, match="has no class folders"):
        layout("1.png", "2.png")
    assert layout("1.png", needs_labels=False) == {"file": ["1.png"]}
    with pytest.raises(XentError, match="lie in no class folder"):
        layout("train/cats/1.png", "test/2.png")
    with pytest.raises(XentError, match="extra beside them is none"):
        layout("train/cats/1.png", "test/cats/2.png", "extra/cats/3.png")


def test_an_empty_class_folder_is_refused_in_training_only() -> None:
    with pytest.raises(XentError, match="folder birds holds no PNG or JPEG"):
        layout("cats/1.png", "dogs/2.png", folders=("birds", "cats/empty"))
    with pytest.raises(XentError, match="folder train/birds holds no"):
        layout("train/cats/1.png", "test/cats/2.png", folders=("train/birds",))
    assert layout("cats/1.png", "dogs/2.png", folders=("birds",), needs_labels=False)["label"] == [
        "cats",
        "dogs",
    ]
    assert layout("all/cats/1.png", "all/dogs/2.png", folders=("notes",))["label"] == [
        "cats",
        "dogs",
    ]


@settings(max_examples=60)
@given(
    st.lists(
        st.lists(st.sampled_from(["train", "test", "cats", "dogs", "x"]), max_size=4),
        min_size=1,
        max_size=6,
    )
)
def test_any_layout_gives_a_row_an_image_or_an_error(folders: list[list[str]]) -> None:
    names = ["/".join([*parts, f"{place}.png"]) for place, parts in enumerate(folders)]
    assert len(layout(*names, needs_labels=False)["file"]) == len(names)
    try:
        found = layout(*names)
    except XentError:
        return
    assert all(label in name for name, label in zip(found["file"], found["label"], strict=True))
