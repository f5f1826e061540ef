//! Charts: data is turned into a [`Drawing`] by plain functions, and one component shows any drawing.
//!
//! Shapes are SVG in a box of 1000 by 1000 that is stretched to its place; text is HTML beside it, so it is never
//! stretched and never too small. Every chart says its values on hover, on touch and with the arrow keys, and has a
//! table of them for who cannot see it.

mod axis;
mod draw;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{KeyboardEvent, PointerEvent};

pub(crate) use axis::Axis;
pub(crate) use draw::{Drawing, Series, bars, histogram, lines, scatter, spark_path};
use draw::{SIDE, Shape};

/// A chart with its title, values on hover, and a table.
#[component]
pub(crate) fn Chart(
    /// What is shown.
    #[prop(into)]
    title: String,
    /// The drawing; it may change at any time.
    #[prop(into)]
    drawing: Signal<Drawing>,
) -> impl IntoView {
    let here = RwSignal::new(None::<usize>);
    let point = move || drawing.with(|drawing| here.get().and_then(|index| drawing.points.get(index).cloned()));
    let on_move = move |event: PointerEvent| {
        let Some(plot) = event.current_target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) else {
            return;
        };
        let rect = plot.get_bounding_client_rect();
        let x = (f64::from(event.client_x()) - rect.left()) / rect.width();
        let y = (f64::from(event.client_y()) - rect.top()) / rect.height();
        here.set(drawing.with_untracked(|drawing| drawing.nearest(x, y)));
    };
    let on_key = move |event: KeyboardEvent| {
        let count = drawing.with_untracked(|drawing| drawing.points.len());
        let step = match event.key().as_str() {
            "ArrowRight" => 1,
            "ArrowLeft" => count.saturating_sub(1),
            _ => return,
        };
        if count > 0 {
            event.prevent_default();
            here.update(|here| *here = Some(here.map_or(0, |index| (index + step) % count)));
        }
    };
    let label = title.clone();
    let table_label = format!("{title}: values");
    view! {
        <figure class="chart">
            <figcaption>
                <div class="chart-title">{title}</div>
                <div class="chart-read">
                    {move || match point() {
                        Some(point) => view! { <b>{point.text}</b> }.into_any(),
                        None => drawing.with(|drawing| drawing.summary.clone()).into_any(),
                    }}
                </div>
            </figcaption>
            <div class="chart-frame">
                <div class="chart-y" aria-hidden="true">
                    {move || drawing.with(|drawing| drawing.y_ticks.iter().map(|(at, text)| view! {
                        <span style:top=percent(1.0 - at)>{text.clone()}</span>
                    }).collect_view())}
                </div>
                <div
                    class="chart-plot"
                    tabindex="0"
                    role="img"
                    aria-label=move || drawing.with(|drawing| format!("{label}. {}", drawing.summary))
                    on:pointermove=on_move
                    on:pointerdown=on_move
                    on:pointerleave=move |_| here.set(None)
                    on:keydown=on_key
                    on:blur=move |_| here.set(None)
                >
                    <svg viewBox="0 0 1000 1000" preserveAspectRatio="none" aria-hidden="true">
                        {move || drawing.with(|drawing| drawing.y_ticks.iter().map(|(at, _)| {
                            let y = ((1.0 - at) * SIDE).to_string();
                            view! { <line class="grid" x1="0" x2="1000" y1=y.clone() y2=y /> }
                        }).collect_view())}
                        {move || drawing.with(|drawing| drawing.shapes.iter().map(shape).collect_view())}
                        {move || point().map(|point| {
                            let (x, y) = (point.x * SIDE, (1.0 - point.y) * SIDE);
                            view! {
                                <line class="here" x1=x.to_string() x2=x.to_string() y1="0" y2="1000" />
                                <path class="here-dot" d=format!("M{x:.1} {y:.1}h0") />
                            }
                        })}
                    </svg>
                </div>
                <div class="chart-x" aria-hidden="true">
                    {move || drawing.with(|drawing| {
                        let last = drawing.x_ticks.len().saturating_sub(1);
                        drawing.x_ticks.iter().enumerate().map(|(index, (at, text))| view! {
                            <span
                                class:first={index == 0 && *at < 0.08}
                                class:last={index == last && *at > 0.92}
                                style:left=percent(*at)
                            >{text.clone()}</span>
                        }).collect_view()
                    })}
                </div>
            </div>
            {move || drawing.with(|drawing| (drawing.legend.len() > 1).then(|| legend(&drawing.legend)))}
            <details class="more">
                <summary>"Values as a table"</summary>
                <div class="scroll" tabindex="0" role="region" aria-label=table_label>
                    <table>
                        <thead><tr>{move || drawing.with(|drawing| drawing.head.iter().map(|cell| view! {
                            <th scope="col">{cell.clone()}</th>
                        }).collect_view())}</tr></thead>
                        <tbody>{move || drawing.with(|drawing| drawing.rows.iter().map(|row| view! {
                            <tr>{row.iter().map(|cell| view! { <td>{cell.clone()}</td> }).collect_view()}</tr>
                        }).collect_view())}</tbody>
                    </table>
                </div>
            </details>
        </figure>
    }
}

fn legend(names: &[String]) -> impl IntoView + use<> {
    let entries = names.iter().enumerate().map(|(index, name)| {
        view! {
            <li>
                <span class="chart-plot">
                    <svg class="key" viewBox="0 0 1000 1000" preserveAspectRatio="none" aria-hidden="true">
                        <path class=format!("series s{}", index % 4) d="M0 500H1000" />
                    </svg>
                </span>
                {name.clone()}
            </li>
        }
    });
    view! { <ul class="legend">{entries.collect_view()}</ul> }
}

fn shape(shape: &Shape) -> impl IntoView + use<> {
    match shape {
        Shape::Path { class, d } => view! { <path class=class.clone() d=d.clone() /> }.into_any(),
        Shape::Bar { class, x, y, width, height } => view! {
            <rect class=*class x=x.to_string() y=y.to_string() width=width.to_string() height=height.to_string() />
        }
        .into_any(),
    }
}

fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}
