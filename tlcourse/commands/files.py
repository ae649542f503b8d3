"""What fills, carries and empties the cache."""

import os
from pathlib import Path
from typing import Annotated

import typer

from tlcourse.commands import or_stop
from tlcourse.commands.workshop import Profile


def fetch(
    names: Annotated[
        list[str] | None, typer.Argument(help="Names of assets; by default what the profile needs.")
    ] = None,
    profile: Annotated[Profile, typer.Option(help="Fetch what both volumes need in this profile.")] = Profile.quick,
    pack: Annotated[
        str | None, typer.Option("--from", help="A classroom pack, folder or address, to look in first.")
    ] = None,
    list_only: Annotated[
        bool, typer.Option("--list", help="Only list what there is and where; fetch nothing.")
    ] = False,
):
    """Bring what lessons need: from a classroom pack, or from the official addresses one after the other.

    Says sizes and licences before it starts; a download that broke off goes on where it stopped.

    Exit status: 0 if everything is here, 1 if something could not be had.
    """
    from rich.console import Console
    from rich.table import Column, Table

    from tlcourse.assets import AssetMissing, at_hand, look_up, registry
    from tlcourse.assets import fetch as fetch_asset
    from tlcourse.course.sources import both_volumes

    if pack:
        os.environ["TLCOURSE_PACK"] = pack if "://" in pack else str(or_stop(Path(pack).expanduser).resolve())
    needed = {name for lesson in both_volumes() for name in lesson.needs[profile.value]}
    assets = [or_stop(look_up, name) for name in names or sorted(registry() if list_only else needed)]
    if not assets:
        typer.echo(f"The profile {profile.value!r} needs nothing but what comes with the course.")
        raise typer.Exit
    here = {asset.name: at_hand(asset.name) for asset in assets}
    table = Table(Column("asset", no_wrap=True), "MB", "where", "lessons", "licence")
    for asset in assets:
        users = " ".join(sorted(lesson.name for lesson in both_volumes() if asset.name in lesson.needs[profile.value]))
        size, place = f"{asset.bytes / 1e6:.0f}", here[asset.name] or "to download"
        table.add_row(asset.name, size, place, users, asset.licence)
    Console().print(table)
    missing = [asset for asset in assets if here[asset.name] != "cache"]
    if list_only or not missing:
        raise typer.Exit
    size = sum(asset.bytes for asset in missing if not here[asset.name])
    typer.echo(f"To fetch: {', '.join(asset.name for asset in missing)}; {size / 1e6:.0f} MB of it to download.")
    failed = False
    for asset in missing:
        try:
            located = fetch_asset(asset.name, progress=True)
            typer.echo(f"{asset.name}: here, {located.variant}, SHA-256 {located.sha256[:12]}…, {located.path}")
        except (AssetMissing, OSError) as error:
            typer.echo(str(error), err=True)
            failed = True
    raise typer.Exit(failed)


def pack(
    folder: Annotated[Path, typer.Argument(help="Where the pack goes: a stick, or a folder to serve over HTTP.")],
    names: Annotated[
        list[str] | None, typer.Argument(help="Names of assets; by default what the profile needs.")
    ] = None,
    profile: Annotated[Profile, typer.Option(help="Put in what both volumes need in this profile.")] = Profile.full,
):
    """Make a classroom pack from the cache: the files and a manifest of their hashes.

    Students name it: TLCOURSE_PACK=FOLDER-OR-ADDRESS, or tlcourse fetch --from FOLDER-OR-ADDRESS. To serve it on the
    classroom's network: python -m http.server --directory FOLDER.

    Exit status: 0 if the pack is complete, 1 if something it should hold is not in the cache (nothing is written then).
    """
    from tlcourse.assets import locate, look_up, make_pack
    from tlcourse.course.sources import both_volumes

    folder = or_stop(folder.expanduser)
    names = names or sorted({name for lesson in both_volumes() for name in lesson.needs[profile.value]})
    if not names:
        typer.echo(f"The profile {profile.value!r} needs nothing but what comes with the course.")
        raise typer.Exit
    located = {or_stop(look_up, name): locate(name) for name in names}
    missing = [asset.name for asset, place in located.items() if not place]
    if missing:
        typer.echo(
            f"Not in the cache: {', '.join(missing)}. Bring it with: tlcourse fetch {' '.join(missing)}", err=True
        )
        raise typer.Exit(1)
    size = or_stop(make_pack, folder, located)
    typer.echo(f"{folder}: {len(located)} files, {size / 1e6:.0f} MB, and {folder / 'manifest.toml'}")


def clean(
    downloads: Annotated[bool, typer.Option("--downloads", help="Delete downloads, unfinished ones too.")] = False,
    features: Annotated[bool, typer.Option("--features", help="Delete features; they are computed anew.")] = False,
):
    """Show what the cache holds, and delete what is asked for. Leftovers of killed processes always go.

    Touches nothing but files that the course has put there.
    """
    from tlcourse.assets import cache_root, cache_sizes, clear_cache

    sizes = cache_sizes()
    typer.echo(f"{cache_root()}: " + ", ".join(f"{kind} {size / 1e6:.1f} MB" for kind, size in sizes.items()))
    chosen = {"leftovers"} | ({"downloads"} if downloads else set()) | ({"features"} if features else set())
    typer.echo(f"Deleted: {or_stop(clear_cache, chosen) / 1e6:.1f} MB. Delete more with --downloads or --features.")
