//! The time line of restore points: one strip for each window, newest at the right.

use frontend::prelude::*;
use frontend::raw::Markup;
use kernel::time::describe_duration;

use super::counted;
use crate::model::timeline::{MARKS, Strip, Timeline};

pub fn strips(timeline: &Timeline) -> View {
    let mut html = Markup::new();
    html.tag("div").attr("class", "restore-strips");
    for strip in &timeline.strips {
        write_strip(&mut html, strip);
    }
    html.tag("ul").attr("class", "restore-legend").tag("li").text("moments that can be restored").end("li");
    html.tag("li").attr("class", "whole").text("whole copies").end("li").end("ul");
    html.end("div");
    html.into_view()
}

fn write_strip(html: &mut Markup, strip: &Strip) {
    let (title, points) = (strip.title(), strip.points());
    html.tag("figure").attr("class", "chart restore-strip").tag("figcaption");
    html.tag("span").text(&title).end("span");
    html.tag("span").attr("class", "muted").text(format!("{}, {}", counted(points, "restore point"), strip.apart)).end("span");
    html.end("figcaption");
    html.tag("svg").attr("viewBox", format!("0 0 {} 20", MARKS * 4)).attr("preserveAspectRatio", "none").attr("role", "img");
    html.attr("aria-label", format!("{title}: {}", counted(points, "restore point")));
    html.tag("rect").attr("class", "track").attr("width", MARKS * 4).attr("height", 20).done();
    let part = strip.window / u32::try_from(MARKS).unwrap_or(1);
    for (position, count) in strip.marks.iter().enumerate().filter(|(_, count)| **count > 0) {
        let is_whole = strip.wholes[position];
        html.tag("rect").attr("class", if is_whole { "whole" } else { "point" });
        html.attr("x", position * 4)
            .attr("y", if is_whole { 0 } else { 5 })
            .attr("width", 3)
            .attr("height", if is_whole { 20 } else { 15 });
        let age = describe_duration(part * u32::try_from(MARKS - 1 - position).unwrap_or(0));
        let whole = if is_whole { ", a whole copy among them" } else { "" };
        html.element("title", format!("{age} ago: {}{whole}", counted(u64::from(*count), "restore point"))).end("rect");
    }
    html.end("svg").end("figure");
}
