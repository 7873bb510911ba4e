/** A form made from a JSON Schema of an object: texts, numbers, switches, choices and lists of texts. */

import { useState } from "react";
import { useTranslation } from "react-i18next";

export type Property = {
  type?: string;
  title?: string;
  description?: string;
  enum?: unknown[];
  default?: unknown;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  writeOnly?: boolean;
};
export type Schema = { properties?: Record<string, Property>; required?: string[] };
type Values = Record<string, unknown>;

const asText = (value: unknown): string => (Array.isArray(value) ? value.join("\n") : value === undefined || value === null ? "" : String(value));

function Field({ name, property, value, isRequired, isKept, onChange }: { name: string; property: Property; value: unknown; isRequired: boolean; isKept: boolean; onChange: (value: unknown) => void }) {
  const { t } = useTranslation();
  const shared = { id: `field-${name}`, required: isRequired && !isKept };
  if (property.type === "boolean")
    return <span className="switch"><input {...shared} required={false} type="checkbox" role="switch" checked={Boolean(value)} onChange={(event) => onChange(event.target.checked)} /></span>;
  if (property.enum)
    return (
      <select {...shared} value={asText(value)} onChange={(event) => onChange(property.enum!.find((one) => String(one) === event.target.value))}>
        {!isRequired && <option value="" />}
        {property.enum.map((one) => <option key={String(one)} value={String(one)}>{String(one)}</option>)}
      </select>
    );
  if (property.type === "integer" || property.type === "number")
    return <input {...shared} type="number" step={property.type === "integer" ? 1 : "any"} min={property.minimum} max={property.maximum} value={asText(value)} onChange={(event) => onChange(event.target.value === "" ? undefined : Number(event.target.value))} />;
  if (property.type === "array")
    return <textarea {...shared} rows={3} placeholder={t("settings.onePerLine")} value={asText(value)} onChange={(event) => onChange(event.target.value.split("\n"))} />;
  return (
    <input {...shared} type={property.writeOnly ? "password" : "text"} autoComplete="off" minLength={property.minLength} maxLength={property.maxLength}
      placeholder={isKept ? t("settings.keptSecret") : undefined} value={asText(value)} onChange={(event) => onChange(event.target.value || undefined)} />
  );
}

const initial = (schema: Schema, given: Values): Values =>
  Object.fromEntries(Object.entries(schema.properties ?? {}).flatMap(([name, { default: usual }]) => {
    const value = given[name] ?? usual;
    return value === undefined ? [] : [[name, value]];
  }));

const sendable = (values: Values): Values =>
  Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, Array.isArray(value) ? value.filter(Boolean) : value]])));

export function SchemaForm({ schema, given, kept, complaints, onSave }: { schema: Schema; given: Values; kept: Record<string, boolean>; complaints: Record<string, string[]>; onSave: (values: Values) => void }) {
  const { t } = useTranslation();
  const [values, setValues] = useState(() => initial(schema, given));
  return (
    <form className="schema" onSubmit={(event) => { event.preventDefault(); onSave(sendable(values)); }}>
      {Object.entries(schema.properties ?? {}).map(([name, property]) => (
        <div key={name} className="setting">
          <label htmlFor={`field-${name}`}>{property.title ?? name}</label>
          <Field name={name} property={property} value={values[name]} isRequired={schema.required?.includes(name) ?? false} isKept={kept[name] ?? false} onChange={(value) => setValues((now) => ({ ...now, [name]: value }))} />
          {property.description && <p className="origin">{property.description}</p>}
          {(complaints[name] ?? complaints[`configuration.${name}`])?.map((words) => <p key={words} className="bad" role="alert">{words}</p>)}
        </div>
      ))}
      <button type="submit" className="button primary">{t("settings.save")}</button>
    </form>
  );
}
